// The engine's control protocol: what the web process and the operator's CLI may ask. Served on engineSocket (runtime/rpc.ts).
// Knows labs, hosts, terminals and what the engine saw; has never heard of lessons or users.
import { z } from 'zod';
import { allowListSchema, wishSchema } from '../kernel/egress.ts';
import { hostRefSchema, idSchema, limitsSchema, profileSchema } from '../kernel/protocol.ts';
import { userSchema } from './login.ts';
import { detailsSchema, foundSchema, readingSchema } from './readings.ts';

export const labSchema = z.object({
  id: idSchema,
  name: z.string(),
  createdAt: z.string(),
  profile: profileSchema,
  limits: limitsSchema,
  /** A frozen lab stands still, and a suspended one has its disk and no process; whatever needs it running thaws it or opens it again. */
  state: z.enum(['running', 'frozen', 'suspended']),
  /** In order of creation; the first is the one a lesson's terminals open on. */
  hosts: z.array(z.object({ id: idSchema, hostname: z.string(), dockerHost: z.string(), state: z.enum(['running', 'stopped']) })),
});
export type Lab = z.infer<typeof labSchema>;

export const terminalSchema = z.object({
  id: z.string(),
  lab: idSchema,
  host: idSchema,
  title: z.string(),
  createdAt: z.string(),
  /** The shim's socket (kernel/shim.ts); the caller connects to it directly, so that keystrokes never cross the engine. */
  socketPath: z.string(),
});
export type Terminal = z.infer<typeof terminalSchema>;

export const snapshotSchema = z.object({
  id: idSchema, name: z.string(), createdAt: z.string(), lab: idSchema,
  /** The name of the labs whose disk limit it counts for, if any. */
  copyOf: z.string().nullable(),
  /** All that is in it, however much of that it shares with the lab. */
  bytes: z.number(),
});
export type SnapshotView = z.infer<typeof snapshotSchema>;

/** Docker's event message (https://docs.docker.com/reference/api/engine/version/v1.45/#tag/System/operation/SystemEvents). */
export const engineEventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  scope: z.literal('local'),
  time: z.number(),
  timeNano: z.number(),
});
export type EngineEvent = z.infer<typeof engineEventSchema>;

/** What a learner's docker asked of the engine and what came back: the evidence of an attempt, also of one that failed. */
export const apiCallSchema = z.object({
  method: z.string(),
  /** Without the version prefix and the query. */
  path: z.string(),
  query: z.record(z.string(), z.string()),
  status: z.number(),
  /** The error text sent to the client, when status ≥ 400. */
  message: z.string().optional(),
  /** The container the call was about, if any: its id and name at that time. */
  container: z.object({ id: z.string(), name: z.string() }).optional(),
  timeNano: z.number(),
});
export type ApiCall = z.infer<typeof apiCallSchema>;

/** One entry of a host's journal, in the order things happened. `seq` counts up from 1 and survives restarts of the engine. */
export const journalEntrySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('event'), seq: z.number(), event: engineEventSchema }),
  z.object({ kind: z.literal('call'), seq: z.number(), call: apiCallSchema }),
]);
export type JournalEntry = z.infer<typeof journalEntrySchema>;

/** A TCP port of a host that a container publishes on 127.0.0.1 (or on all addresses). */
export const publishedPortSchema = z.object({ port: z.number(), containerPort: z.number(), container: z.string(), protocol: z.enum(['tcp', 'udp']) });
export type PublishedPort = z.infer<typeof publishedPortSchema>;

/** The authoritative state of a host, for grading: the engine's own records, in the shapes of Docker's `inspect`. */
export const evidenceSchema = z.object({
  seq: z.number(),
  /** Objects of GET /containers/{id}/json. */
  containers: z.array(z.record(z.string(), z.unknown())),
  /** Objects of GET /images/json. */
  images: z.array(z.record(z.string(), z.unknown())),
  /** Only when asked for. */
  details: detailsSchema.optional(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

/** Counters count from some moment on and may go back: what they gain between two readings is what has happened. */
export const figuresSchema = z.object({
  lab: idSchema, cpuNs: z.number(), memoryBytes: z.number(), pids: z.number(),
  memoryHits: z.number(), oomKills: z.number(), forksRefused: z.number(), pidsPeak: z.number(),
  diskBytes: z.number().nullable(), recordsBytes: z.number().nullable(),
  /** Logs of containers that have reached their limit and keep no more; connections to the lab's docker socket that were refused. */
  logsFull: z.number(), connectionsRefused: z.number(),
  /** How often something in it was refused a way out, or found none; and the names that were asked for in vain within the last minute. */
  refused: z.number(), refusedNames: z.array(z.string()),
  /** What it may reach outside now. */
  mayReach: z.array(z.string()),
  /** When a container was last started or ended, in ms since 1970; null: not lately. */
  containerAt: z.number().nullable(),
  /** When a container last ended by SIGKILL. */
  killedAt: z.number().nullable(),
});
export type Figures = z.infer<typeof figuresSchema>;

const none = z.object({});
const roomSchema = z.object({ free: z.number(), total: z.number() });
export const controlVerbs = {
  hello: { request: none, response: z.object({ pid: z.number(), version: z.string() }) },
  createLab: {
    request: z.object({
      name: z.string().max(64).optional(),
      hostname: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/).default('host1'),
      profile: profileSchema.default('strict'),
      /** Whose its terminals are. */
      user: userSchema.default('root'),
      limits: limitsSchema.partial().default({}),
    }),
    response: labSchema,
  },
  listLabs: { request: none, response: z.array(labSchema) },
  inspectLab: { request: z.object({ lab: idSchema }), response: labSchema.extend({ usage: z.object({ memoryBytes: z.number(), pids: z.number(), cpuNs: z.number(), diskBytes: z.number() }) }) },
  /** The lab as it is now, at work or suspended; stored as a difference. */
  snapshotLab: { request: z.object({ lab: idSchema, name: z.string().max(64), /** It counts for the disk limit of every lab of this lab's name; Conflict when it does not fit in. */ asCopy: z.boolean().default(false) }), response: snapshotSchema },
  listSnapshots: { request: none, response: z.array(snapshotSchema) },
  /** Labs forked from it stay. */
  removeSnapshot: { request: z.object({ snapshot: idSchema }), response: none },
  /** A new lab from a snapshot, as if that machine had lost its power and were started again. */
  forkSnapshot: { request: z.object({ snapshot: idSchema, name: z.string().max(64) }), response: labSchema },
  /** Stops what runs in it as a machine that is shut down; disk and records stay. Idempotent. */
  suspendLab: { request: z.object({ lab: idSchema }), response: none },
  /** Opens it again, as a machine that boots. Idempotent. */
  resumeLab: { request: z.object({ lab: idSchema }), response: labSchema },
  /** Its processes stand still until something is to be done in it: for a short absence. False when something is being done. Idempotent. */
  freezeLab: { request: z.object({ lab: idSchema }), response: z.object({ frozen: z.boolean() }) },
  /** At once, whatever else is going on. Nothing for a lab that moves, or is suspended. */
  thawLab: { request: z.object({ lab: idSchema }), response: none },
  /** What labs use and which of their limits they met; without names, all. Cheap, also for many: files of the kernel. */
  figures: { request: z.object({ labs: z.array(idSchema).optional() }), response: z.array(figuresSchema) },
  /** Before the service stops. Answers how many were suspended; one that fails does not keep the others. */
  suspendAll: { request: none, response: z.object({ suspended: z.number() }) },
  /** Ready labs: at least `min`, by recent demand up to `max`. Without a size it only answers. */
  pool: { request: z.object({ min: z.number().int().min(0).optional(), max: z.number().int().min(0).optional() }), response: z.object({ min: z.number(), max: z.number(), ready: z.number() }) },
  /** What the machine has left, in bytes and process ids, and how many labs run of how many at most (null: as many as there is room for). With `most` it is changed. */
  room: {
    request: z.object({ most: z.number().int().positive().nullable().optional() }),
    response: z.object({ memory: roomSchema, disk: roomSchema, pids: roomSchema, labs: z.object({ running: z.number(), most: z.number().nullable() }), /** Shares that stay free. */ reserve: z.object({ memory: z.number(), disk: z.number(), pids: z.number() }) }),
  },
  /** What the lab is to reach outside, from now on; answers what of it the operator permits (nothing yet, where it does not run). None: all that is open is cut off. */
  setEgress: { request: z.object({ lab: idSchema, wish: wishSchema }), response: z.object({ allow: allowListSchema }) },
  /** What the operator permits, and which labs have a way out now. */
  egress: { request: none, response: z.object({ allow: allowListSchema, everyone: z.boolean(), bitsPerSecond: z.number(), connectionsPerSecond: z.number(), labs: z.array(idSchema) }) },
  /** The operator has changed what is permitted: it is so in every lab when this is answered. */
  egressChanged: { request: none, response: none },
  disposeLab: { request: z.object({ lab: idSchema }), response: none },
  /** A login shell on a pty. It waits for nobody: the shell starts at once, at this size. */
  openTerminal: { request: hostRefSchema.extend({ cols: z.number().int().min(1).max(1000), rows: z.number().int().min(1).max(1000), title: z.string().max(64).default('bash') }), response: terminalSchema },
  listTerminals: { request: z.object({ lab: idSchema }), response: z.array(terminalSchema) },
  closeTerminal: { request: z.object({ lab: idSchema, terminal: z.string() }), response: none },
  /** Starts a command in a host with pipes (or a pty); the caller connects to the returned shim socket, subscribes and sends GO. */
  exec: {
    request: hostRefSchema.extend({ argv: z.array(z.string()).min(1), env: z.array(z.string()).default([]), cwd: z.string().default('/root'), tty: z.object({ cols: z.number(), rows: z.number() }).nullable().default(null), stdin: z.boolean().default(false), /** As the user of its terminals, not as root. */ asLearner: z.boolean().default(false), deadlineMs: z.number().optional() }),
    response: z.object({ task: z.string(), socketPath: z.string() }),
  },
  evidence: { request: hostRefSchema.extend({ details: z.boolean().default(false) }), response: evidenceSchema },
  /** Reads outside, all at once; answers in the same order. `seq` is where the journal was before: what came later may or may not be in it. */
  read: { request: hostRefSchema.extend({ readings: z.array(readingSchema).max(64) }), response: z.object({ seq: z.number(), found: z.array(foundSchema) }) },
  /** A number for each host that changes when anything runs in it, null for one that does not run. As long as it is the same, nothing there has changed by itself. */
  activity: { request: z.object({ hosts: z.array(hostRefSchema).max(2000) }), response: z.array(z.number().nullable()) },
  /** Streams the journal from after `since` (0 = from the beginning that is kept, the newest 10,000) until the caller leaves. */
  journal: { request: hostRefSchema.extend({ since: z.number().default(0) }), response: none, item: journalEntrySchema },
  /** Streams which ports are published, now and at every change, until the caller leaves. */
  ports: { request: hostRefSchema, response: none, item: z.array(publishedPortSchema) },
  /** Makes sure that there is a way into the host's network, and says where it begins (kernel/dial.ts). */
  relay: { request: hostRefSchema, response: z.object({ socketPath: z.string() }) },
  /** The text of a container's log (json-file), newest `maxBytes`, decoded; for grading and explanations. */
  containerOutput: { request: hostRefSchema.extend({ container: z.string(), maxBytes: z.number().int().max(1 << 20).default(65536) }), response: z.object({ stdout: z.string(), stderr: z.string() }) },
} as const;
export type ControlVerbs = typeof controlVerbs;
