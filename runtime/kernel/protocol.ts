// The broker's wire protocol: what the unprivileged engine may ask of root, and nothing else.
// Newline-delimited JSON over a unix socket (runtime/rpc.ts). The broker checks shapes and ids; it never
// interprets a learner's bytes: step contents and argv pass through it to the lab as opaque strings.
import { z } from 'zod';
import { allowListSchema, wishSchema } from './egress.ts';

/** Ids name directories, cgroups and sockets, so they are short and plain. */
export const idSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
/** A task's id: container ids are 64 hex characters, so this one is a little longer. */
export const taskIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/);

/** A layer that all labs share, by the beginning of its chain id (paths.ts: layerKey). */
export const layerSchema = z.string().regex(/^[0-9a-f]{24}$/);
/** The lab that unpacks it: no learner's is named so. */
export const unpackingLab = (layer: string) => `layer-${layer}`;

/** Of a container's log, unless it is told otherwise. */
export const LOG_MAX_BYTES = 128 << 20; // a million short lines

/** Which host of which lab. */
export const hostRefSchema = z.object({ lab: idSchema, /** Helpers and gates have cgroups beside those of hosts (broker/cgroup.ts). */ host: idSchema.regex(/^(?!helpers$|gate-)/) });
export type HostRef = z.infer<typeof hostRefSchema>;

export const limitsSchema = z.object({
  memoryBytes: z.number().int().positive(),
  pids: z.number().int().positive(),
  /** CPUs, as in `docker run --cpus`. */
  cpus: z.number().positive(),
  diskBytes: z.number().int().positive(),
});
export type Limits = z.infer<typeof limitsSchema>;

/** strict (default) denies what no lesson so far needs; full is for lessons about namespaces and raw sockets. */
export const profileSchema = z.enum(['strict', 'full']);
export type Profile = z.infer<typeof profileSchema>;

/**
 * What is done inside the host, as the lab's root, in order, before a task's command starts (`before`) and after it has
 * ended (`after`; failures there are ignored). Paths are the host's. Everything is a plain string for the native program.
 */
export const stepSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('mkdir'), path: z.string(), mode: z.number().int() }), // with parents; existing is fine
  z.object({ do: z.literal('write'), path: z.string(), mode: z.number().int(), text: z.string() }),
  z.object({ do: z.literal('symlink'), target: z.string(), path: z.string() }),
  z.object({ do: z.literal('mount'), type: z.string(), source: z.string(), target: z.string(), flags: z.number().int(), data: z.string() }),
  z.object({ do: z.literal('umount'), path: z.string() }), // lazy; a path that is no mount is fine
  z.object({ do: z.literal('netns'), path: z.string() }), // a new network namespace with lo up, bound to this path (file made)
  z.object({ do: z.literal('unlink'), path: z.string() }), // file or empty directory; absent is fine
  z.object({ do: z.literal('note'), name: z.string().regex(/^[a-z]+$/), path: z.string() }), // the first KiB of a file goes into the task's status file
  /** Runs a program to its end: from the toolbox (name without slash), optionally in the network namespace bound at `netns`. */
  z.object({ do: z.literal('run'), argv: z.array(z.string()).min(1), netns: z.string().default(''), stdin: z.string().default('') }),
]);
export type Step = z.input<typeof stepSchema>;

/**
 * A task: one process (tree) in a host whose stdio a shim holds. Terminals, containers, execs and helpers are all tasks.
 * The shim listens on `<run>/labs/<lab>/<host>/tasks/<id>.sock` when `startTask` resolves and waits for a GO frame (kernel/shim.ts)
 * unless `go` is true.
 */
export const taskSchema = z.object({
  id: taskIdSchema,
  /** host: in the host's own cgroup, where the learner sees it. helper: in a cgroup that the lab cannot write. */
  cgroup: z.enum(['host', 'helper']).default('host'),
  before: z.array(stepSchema).default([]),
  after: z.array(stepSchema).default([]),
  cwd: z.string().default('/'),
  env: z.array(z.string()).default([]),
  /** argv[0] without a slash is a program of the toolbox (crun, tar, ip, nft, ps, busybox); with a slash it is the host's own file. */
  argv: z.array(z.string()).min(1),
  io: z.discriminatedUnion('kind', [
    /** The shim makes the pty in the host and gives the slave to the command. */
    z.object({ kind: z.literal('pty'), cols: z.number().int().positive(), rows: z.number().int().positive() }),
    /** The command is an OCI runtime with `--console-socket`; `{console}` in argv is replaced by the socket's path. */
    z.object({ kind: z.literal('console'), cols: z.number().int().positive(), rows: z.number().int().positive() }),
    /** stdin: false is /dev/null. */
    z.object({ kind: z.literal('pipes'), stdin: z.boolean() }),
  ]),
  /**
   * own: the command is what is waited for. orphan: the command is an OCI runtime that detaches; what it leaves behind is waited for,
   * its pid being read from the file `pidFile`, and, when the runtime fails, the reason from the file `errorFile` (paths in the host).
   */
  wait: z.discriminatedUnion('for', [z.object({ for: z.literal('own') }), z.object({ for: z.literal('orphan'), pidFile: z.string(), errorFile: z.string() })]),
  /** Write a json-file log (Docker's format) to `<state>/logs/<lab>/<host>/<log>/<log>-json.log`, appended across starts. */
  log: taskIdSchema.optional(),
  /** Stop writing the log at this size; the rest is dropped and said so in the log. */
  logMaxBytes: z.number().int().positive().default(LOG_MAX_BYTES),
  /** How many files a log is kept in, itself included: at its size it moves to `<log>.1` and so on. 0: it stops at its size instead. */
  logFiles: z.number().int().min(0).max(16).default(0),
  /** JSON that each entry of the log carries as `attrs`; '' for none. */
  logAttributes: z.string().max(8000).default(''),
  /** Kill what is left of the task after this time. */
  deadlineMs: z.number().int().positive().optional(),
  /** Keep the last this many bytes of output for those who attach later (terminals). */
  ringBytes: z.number().int().nonnegative().default(0),
  go: z.boolean().default(false),
});
export type Task = z.input<typeof taskSchema>;

/** Bytes of content in one reading of files: with everything else it must fit into a pipe. */
export const MAX_READ = 40 << 10;

const processSchema = z.object({ pid: z.number(), program: z.string(), namespaces: z.record(z.string(), z.string()) });

/** Verbs of the broker: request → response. Errors come back as {kind, message} (runtime/errors.ts). */
export const brokerVerbs = {
  hello: { request: z.object({}), response: z.object({ pid: z.number(), cgroup: z.enum(['v1', 'v2']) }) },
  /** Makes the lab (uid range, disk, limits) when it is not there yet, and the host in it. Idempotent for a running host. */
  createHost: {
    request: hostRefSchema.extend({ hostname: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/), profile: profileSchema, limits: limitsSchema, snapshot: idSchema.optional() }),
    response: z.object({ initPid: z.number(), uidBase: z.number() }),
  },
  /** Keeps the lab's disk and records as they are now; createHost with it makes a new lab's disk from that. */
  snapshotLab: { request: z.object({ lab: idSchema, snapshot: idSchema }), response: z.object({ /** Of all that is in it, shared or not, and of the lab's disk; 0 where the kernel does not say. */ bytes: z.number(), diskBytes: z.number() }) },
  /** So much of the lab's disk limit is kept for something else, from now on; the rest is what its disk may hold. */
  reserveDisk: { request: z.object({ lab: idSchema, bytes: z.number().int().min(0) }), response: z.object({}) },
  /** Idempotent. Labs made from it stay. */
  removeSnapshot: { request: z.object({ snapshot: idSchema }), response: z.object({}) },
  /** Keeps what the lab `layer-<layer>` has on its disk, read-only, where every lab sees it; its processes end. Only for labs that nobody was ever in. Idempotent. */
  shareLayer: { request: z.object({ layer: layerSchema }), response: z.object({}) },
  /** Takes it away again. Idempotent. */
  unshareLayer: { request: z.object({ layer: layerSchema }), response: z.object({}) },
  sharedLayers: { request: z.object({}), response: z.array(z.string()) },
  /** Ends every process of the lab; its disk, records and uids stay, and createHost brings its hosts back. Idempotent. */
  suspendLab: { request: z.object({ lab: idSchema }), response: z.object({}) },
  /** Makes all processes of the lab's hosts stand still, or go on; helpers always go on. Waits until it is so. Nothing of the lab's own doing can stop it from being undone. */
  freezeLab: { request: z.object({ lab: idSchema, frozen: z.boolean() }), response: z.object({}) },
  /** Kills, unmounts, removes everything of the lab. Idempotent. */
  disposeLab: { request: z.object({ lab: idSchema }), response: z.object({}) },
  listHosts: {
    request: z.object({}),
    response: z.array(hostRefSchema.extend({ uidBase: z.number(), initPid: z.number().nullable(), alive: z.boolean(), frozen: z.boolean() })),
  },
  startTask: { request: hostRefSchema.extend({ task: taskSchema }), response: z.object({}) },
  /** Gives the docker socket that the engine is about to put in its place to the host's root and its group docker. */
  ownSocket: { request: hostRefSchema, response: z.object({}) },
  /** Ids of the tasks whose shim is alive. */
  listTasks: { request: hostRefSchema, response: z.array(z.string()) },
  /** Last resort: SIGKILL to the shim. Its command lives on unless it was the terminal's session. */
  killTask: { request: hostRefSchema.extend({ task: taskIdSchema }), response: z.object({}) },
  /** Removes status (and, with log, the log) of a task that has ended. */
  forgetTask: { request: hostRefSchema.extend({ task: taskIdSchema, log: z.boolean().default(false) }), response: z.object({}) },
  /** Freezes or thaws a cgroup below the host's root (`docker/<id>`), waiting until it is so. */
  freeze: { request: hostRefSchema.extend({ cgroup: z.string().regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/), frozen: z.boolean() }), response: z.object({}) },
  /** Thaws and SIGKILLs every process of a cgroup below the host's root. */
  killCgroup: { request: hostRefSchema.extend({ cgroup: z.string().regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/) }), response: z.object({}) },
  /** What the kernel says of a cgroup below the host's root: names of its files → their text, and its processes' `net/dev`. */
  cgroupFiles: { request: hostRefSchema.extend({ cgroup: z.string().regex(/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/) }), response: z.record(z.string(), z.string()) },
  /** The processor time that each host has used so far, in ns; null when it does not run. While it stays the same, nothing in that host has changed. */
  activity: { request: z.object({ hosts: z.array(hostRefSchema).max(2000) }), response: z.array(z.number().nullable()) },
  /** Processes in a cgroup below the host's root ('' is all of the host) by the machine's pids: the file each runs and its namespaces, as the kernel names them. */
  processes: {
    request: hostRefSchema.extend({ cgroup: z.string().regex(/^([A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*)?$/) }),
    response: z.object({ uidBase: z.number(), init: processSchema, processes: z.array(processSchema) }),
  },
  /** Files below the roots of processes of the host (0: its init), read as the lab's own root but outside (native/read.c). A line for each. */
  readFiles: {
    request: hostRefSchema.extend({ files: z.array(z.object({ pid: z.number().int().min(0), path: z.string().max(4000), maxBytes: z.number().int().min(0).max(MAX_READ) })).min(1).max(64) })
      .refine(request => request.files.reduce((sum, file) => sum + file.maxBytes, 0) <= MAX_READ, 'too much at once'),
    response: z.string(),
  },
  /** Makes sure that the host's relay runs, and says where it listens (kernel/dial.ts). */
  relay: { request: hostRefSchema, response: z.object({ socketPath: z.string() }) },
  /**
   * The host's way out: of what is wished for, what the operator permits (broker/egress). Nothing: none, and whatever goes through it is cut off. `changed`: there is
   * a new link in the host, without addresses yet, or none any more. Idempotent: the same again leaves a gate that works as it is.
   */
  setEgress: { request: hostRefSchema.extend({ wish: wishSchema }), response: z.object({ allow: allowListSchema, ipv6: z.boolean(), changed: z.boolean() }) },
  /** What the operator permits, and which hosts have a gate that works. */
  egress: {
    request: z.object({}),
    response: z.object({ allow: allowListSchema, everyone: z.boolean(), bitsPerSecond: z.number(), connectionsPerSecond: z.number(), gates: z.array(hostRefSchema) }),
  },
  /** What labs use, and how often they met their own limits; those that are not there are left out. A suspended lab has its disk alone. */
  figures: {
    request: z.object({ labs: z.array(idSchema).max(10_000) }),
    response: z.array(z.object({
      lab: idSchema, cpuNs: z.number(), memoryBytes: z.number(), pids: z.number(),
      /** Counters: how often the lab's memory was full, processes ended for want of memory, and new processes refused, in all its cgroups. They may go back. */
      memoryHits: z.number(), oomKills: z.number(), forksRefused: z.number(),
      /** The most processes that it ever had at a time; 0 where the kernel does not say. */
      pidsPeak: z.number(),
      /** How often something in it found no way out, or was refused one. */
      refused: z.number(),
      /** Its disk, and what is written down about it (logs); null where the kernel does not say. */
      diskBytes: z.number().nullable(), recordsBytes: z.number().nullable(),
    })),
  },
  /** Usage of a lab. */
  stat: {
    request: z.object({ lab: idSchema }),
    response: z.object({ memoryBytes: z.number(), pids: z.number(), cpuNs: z.number(), diskBytes: z.number(), limits: limitsSchema }),
  },
} as const;
export type BrokerVerbs = typeof brokerVerbs;
