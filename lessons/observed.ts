// Conditions on what has no record in the engine: the kernel's state, processes, files, ports, answers. The engine reads them from outside the
// lab when a task asks for them; server/grading/observed.ts says what they mean. `http`, `registry` and `script` are a lab's own word: see rules.ts.
import { z } from 'zod';
import { amountSchema, containerWhereSchema, oneOrMore } from './container-where.ts';

const namespace = z.enum(['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts']);
const limit = z.union([amountSchema, z.literal('none')]);
const path = z.string().startsWith('/').max(1000);
const capabilitiesSchema = z.strictObject({ has: z.array(z.string()).default([]), lacks: z.array(z.string()).default([]) }).describe('Effective ones: NET_ADMIN or CAP_NET_ADMIN.');
const label = 'Without it: in the lab itself.';

export const kernelWhereSchema = z.strictObject({
  container: containerWhereSchema.optional().describe(`A running container, by its process 1. ${label}`),
  capabilities: capabilitiesSchema.optional(),
  shares: z.strictObject({ namespaces: z.array(namespace).min(1), with: z.union([z.literal('lab'), containerWhereSchema]).default('lab') }).optional().describe('It is in the same namespaces as the lab itself, or as another container.'),
  own: z.array(namespace).min(1).optional().describe('It has these namespaces for itself: they are not the lab\'s.'),
  memoryBytes: limit.optional().describe('The limit in its cgroup; none: only the lab\'s own limit holds.'),
  cpus: limit.optional().describe('Processors it may use: 0.5 is half of one.'),
  pids: limit.optional().describe('How many processes it may have.'),
  mount: z.strictObject({ at: path, type: oneOrMore(z.string()).optional().describe('overlay, tmpfs, proc …'), readOnly: z.boolean().optional() }).optional().describe('This is mounted there.'),
  noNewPrivileges: z.boolean().optional(),
  seccomp: z.enum(['filter', 'lab']).optional().describe('filter: a profile of its own. lab: no more than what holds for the whole lab (seccomp=unconfined).'),
  user: z.number().int().min(0).optional().describe('The uid it runs as; 0 is root.'),
}).refine(where => Object.keys(where).some(key => key !== 'container'), 'say what must be so: capabilities, shares, own, memoryBytes, cpus, pids, mount, noNewPrivileges, seccomp or user');
export type KernelWhere = z.output<typeof kernelWhereSchema>;

export const processWhereSchema = z.strictObject({
  container: containerWhereSchema.optional().describe(label),
  command: z.string().min(1).optional().describe('Part of its command line.'),
  program: oneOrMore(z.string()).optional().describe('The file it runs: /usr/sbin/nginx.'),
  user: z.number().int().min(0).optional().describe('The uid it runs as.'),
  parent: z.string().min(1).optional().describe('Part of the command line of the process that started it.'),
  first: z.boolean().optional().describe('It is process 1 of its container.'),
  own: z.array(namespace).min(1).optional().describe('It has these namespaces for itself: they are not the lab\'s.'),
  capabilities: capabilitiesSchema.optional(),
  atLeast: z.number().int().min(1).default(1).describe('So many of them.'),
});
export type ProcessWhere = z.output<typeof processWhereSchema>;

export const fileWhereSchema = z.strictObject({
  container: containerWhereSchema.optional().describe(`In a running container's file system, with its volumes. ${label}`),
  volume: z.string().min(1).optional().describe('In this volume; path begins at its top.'),
  path,
  type: z.enum(['file', 'directory', 'link']).optional(),
  contains: z.string().min(1).optional().describe('Part of its text, of which the first 16 KiB are read.'),
  line: z.string().min(1).optional().describe('One of its lines is this, blanks at both ends aside; * stands for anything.'),
  mode: z.string().regex(/^[0-7]{3,4}$/).optional().describe('Its permissions, as in chmod: "0644".'),
  owner: z.number().int().min(0).optional().describe('Its owner\'s uid.'),
  sizeBytes: amountSchema.optional(),
}).refine(where => !(where.container && where.volume !== undefined), 'a file lies in a container or in a volume; name one');
export type FileWhere = z.output<typeof fileWhereSchema>;

export const dockerfileWhereSchema = z.strictObject({
  path: path.describe('In the lab, such as /root/app/Dockerfile.'),
  has: z.array(z.strictObject({ name: z.string().regex(/^[A-Z]+$/, 'write it in capitals: COPY'), contains: z.string().optional(), flag: z.string().optional().describe('It has this flag: from.'), stage: z.number().int().min(1).optional().describe('In this stage; 1 is the first.') })).default([])
    .describe('These instructions, in this order; others may stand between them.'),
  lacks: z.array(z.string()).default([]).describe('None of these instructions.'),
  stages: amountSchema.optional().describe('How many FROM it has.'),
});
export type DockerfileWhere = z.output<typeof dockerfileWhereSchema>;

export const portWhereSchema = z.strictObject({
  container: containerWhereSchema.optional().describe(label),
  listens: z.number().int().min(1).max(65535).optional().describe('A process there waits for connections on this port.'),
  published: z.number().int().min(1).max(65535).optional().describe('A running container is published on this port of the lab.'),
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
}).refine(where => (where.listens === undefined) !== (where.published === undefined), 'say one of listens and published');
export type PortWhere = z.output<typeof portWhereSchema>;

export const httpWhereSchema = z.strictObject({
  port: z.number().int().min(1).max(65535).describe('A port of the lab: one that a container publishes.'),
  path: path.default('/'),
  status: z.number().int().optional().describe('Redirects are not followed.'),
  header: z.record(z.string(), z.string()).optional().describe('Headers, and a part of each one\'s value.'),
  contains: z.string().min(1).optional().describe('Part of the answer\'s first 64 KiB.'),
});
export type HttpWhere = z.output<typeof httpWhereSchema>;

export const registryWhereSchema = z.strictObject({
  container: containerWhereSchema.describe('The registry; it must run its image\'s own command.'),
  port: z.number().int().min(1).max(65535).default(5000).describe('Its port within the container.'),
  repository: z.string().regex(/^[a-z0-9]+([._/-]+[a-z0-9]+)*$/),
  tag: z.string().regex(/^[\w][\w.-]{0,127}$/).default('latest'),
  image: z.string().optional().describe('What it holds is this image of the lab.'),
});
export type RegistryWhere = z.output<typeof registryWhereSchema>;

export const scriptWhereSchema = z.strictObject({
  run: z.string().min(1).max(4000).describe('Lines for Slipway\'s own busybox sh, never the learner\'s programs; 5 seconds, 16 KiB of output.'),
  container: containerWhereSchema.optional().describe(`$ROOT is its file system. ${label}`),
  exitCode: z.number().int().default(0),
  contains: z.string().min(1).optional(),
});
export type ScriptWhere = z.output<typeof scriptWhereSchema>;
