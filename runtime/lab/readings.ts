// What can be read of a host from outside, for grading: what is asked and what is answered. Part of the control protocol (control.ts); carried
// out by runtime/observe. `none` is an answer: there is no such file, nobody listens. `unknown`: it could not be read now, and says nothing.
import { z } from 'zod';

const container = z.string().regex(/^[0-9a-f]{64}$/).optional().describe('A running container by id; without it the host itself.');
const port = z.number().int().min(1).max(65535);
const path = z.string().startsWith('/').max(1000);

export const readingSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('kernel'), container }),
  z.object({ kind: z.literal('processes'), container }),
  z.object({ kind: z.literal('listening'), container }),
  z.object({ kind: z.literal('file'), container, volume: z.string().max(255).optional(), path, maxBytes: z.number().int().min(0).max(16 << 10) }),
  z.object({ kind: z.literal('dockerfile'), path }),
  z.object({ kind: z.literal('http'), port, path }),
  z.object({ kind: z.literal('registry'), container: container.unwrap(), port, repository: z.string().max(255), tag: z.string().max(128) }),
  z.object({ kind: z.literal('script'), container, run: z.string().max(4000) }),
]);
export type Reading = z.output<typeof readingSchema>;

const nullableNumber = z.number().nullable();
export const foundSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('none') }),
  z.object({ kind: z.literal('unknown') }),
  /** Limits are null when there is none below the lab's own; seccomp is how many filters hold; namespaces are named by the kernel's numbers. */
  z.object({
    kind: z.literal('kernel'), user: z.number(), capabilities: z.array(z.string()), noNewPrivileges: z.boolean(), seccomp: z.number(), labSeccomp: z.number(),
    namespaces: z.record(z.string(), z.string()), labNamespaces: z.record(z.string(), z.string()),
    memoryBytes: nullableNumber, cpus: nullableNumber, pids: nullableNumber,
    mounts: z.array(z.object({ at: z.string(), type: z.string(), readOnly: z.boolean() })),
  }),
  /** `pid` and `parent` are the host's numbers; `first`: process 1 of its container; `own`: namespaces that are not the host's. */
  z.object({ kind: z.literal('processes'), processes: z.array(z.object({ pid: z.number(), parent: z.number(), user: z.number(), command: z.string(), program: z.string(), first: z.boolean(), own: z.array(z.string()), capabilities: z.array(z.string()) })) }),
  z.object({ kind: z.literal('listening'), ports: z.array(z.object({ port: z.number(), protocol: z.enum(['tcp', 'udp']), address: z.string() })) }),
  /** `link`: the path itself is a link, and the rest is of where it leads (`type` link when it leads nowhere). `text` only when it was asked for. */
  z.object({ kind: z.literal('file'), type: z.enum(['file', 'directory', 'link', 'other']), link: z.boolean(), mode: z.number(), owner: z.number(), group: z.number(), sizeBytes: z.number(), text: z.string().nullable() }),
  /** `problem` instead of instructions when it cannot be parsed. Stages count from 1; 0 is what stands before the first FROM. */
  z.object({ kind: z.literal('dockerfile'), problem: z.string().optional(), instructions: z.array(z.object({ name: z.string(), rest: z.string(), flags: z.array(z.string()), stage: z.number() })) }),
  z.object({ kind: z.literal('http'), status: z.number(), headers: z.record(z.string(), z.string()), text: z.string() }),
  /** The digest is that of the bytes which came; `imageId` is what they say it is an image of. */
  z.object({ kind: z.literal('registry'), digest: z.string(), imageId: z.string() }),
  z.object({ kind: z.literal('script'), code: z.number(), output: z.string() }),
]);
export type Found = z.output<typeof foundSchema>;
export type FoundOf<K extends Found['kind']> = Extract<Found, { kind: K }>;

/** Images with their configuration and history, volumes, networks: the engine's records, in the shapes of Docker's `inspect`. */
export const detailsSchema = z.object({
  images: z.array(z.object({ inspect: z.record(z.string(), z.unknown()), history: z.array(z.record(z.string(), z.unknown())), layers: z.array(z.object({ diffId: z.string(), sizeBytes: z.number() })) })),
  volumes: z.array(z.object({ name: z.string(), anonymous: z.boolean(), driver: z.string(), labels: z.record(z.string(), z.string()) })),
  networks: z.array(z.object({ id: z.string(), name: z.string(), driver: z.string(), builtin: z.boolean(), internal: z.boolean(), labels: z.record(z.string(), z.string()), containers: z.array(z.string()) })),
});
export type Details = z.output<typeof detailsSchema>;
