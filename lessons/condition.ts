// Conditions: what a check, an attempt or a wrong turn asks about a lab, as typed data. Evaluated by server/grading from the engine's
// journal and records and from what the engine reads outside; a condition can read nothing else. Each kind is a mapping with one key, so that
// it reads well in YAML.
import { z } from 'zod';
import { containerWhereSchema, oneOrMore, since, type ContainerWhere } from './container-where.ts';
import { dockerfileWhereSchema, fileWhereSchema, httpWhereSchema, kernelWhereSchema, portWhereSchema, processWhereSchema, registryWhereSchema, scriptWhereSchema, type DockerfileWhere, type FileWhere, type HttpWhere, type KernelWhere, type PortWhere, type ProcessWhere, type RegistryWhere, type ScriptWhere } from './observed.ts';
import { historyWhereSchema, imageConfigWhereSchema, layersWhereSchema, networkWhereSchema, volumeWhereSchema, type HistoryWhere, type ImageConfigWhere, type LayersWhere, type NetworkWhere, type VolumeWhere } from './recorded.ts';

const eventWhere = {
  type: z.string().default('container'),
  action: oneOrMore(z.string()).describe('create, start, die, stop, kill, destroy, rename, pull …'),
  name: oneOrMore(z.string()).optional().describe('The container\'s name at that time; for images their reference.'),
  image: oneOrMore(z.string()).optional(),
  exitCode: z.union([z.number().int(), z.literal('nonzero')]).optional(),
  attributes: z.record(z.string(), z.string()).optional().describe('Attributes of Docker\'s event that must be so.'),
};
const callWhere = {
  method: oneOrMore(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])).optional(),
  path: z.string().describe('The API path without version; * stands for one part: /containers/*/logs.'),
  status: z.union([oneOrMore(z.number().int()), z.enum(['ok', 'error'])]).optional().describe('ok: it was done. error: it was refused, or failed half-way.'),
  message: z.string().optional().describe('Part of Docker\'s error text.'),
  query: z.record(z.string(), z.string()).optional().describe('Query parameters that must be so; * for any value.'),
  name: oneOrMore(z.string()).optional().describe('The name of the container the call was about, at that time.'),
};
const counted = {
  container: containerWhereSchema.optional().describe('What must be so, now, of the container it was about. Removed ones count too.'),
  times: z.number().int().min(1).default(1).describe('At least this often.'),
  since: since.default('opened'),
};

export const eventWhereSchema = z.strictObject({ ...eventWhere, ...counted });
export type EventWhere = z.output<typeof eventWhereSchema>;
export const callWhereSchema = z.strictObject({ ...callWhere, ...counted });
export type CallWhere = z.output<typeof callWhereSchema>;
export const stepSchema = z.union([z.strictObject({ event: z.strictObject(eventWhere) }), z.strictObject({ call: z.strictObject(callWhere) })]);
export type SequenceStep = z.output<typeof stepSchema>;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
export const recordWhereSchema = z.strictObject({
  container: containerWhereSchema.default({}),
  at: z.string().regex(/^[A-Za-z][\w-]*(\.[\w/*:-]+)*$/, 'write names with dots between: HostConfig.Memory').describe('A place in what docker inspect shows; * stands for any key or any item.'),
  is: oneOrMore(scalar).optional().describe('It is this (or one of these).'),
  contains: z.string().min(1).optional().describe('It is text that holds this.'),
  atLeast: z.number().optional(),
  atMost: z.number().optional(),
}).refine(where => where.is !== undefined || where.contains !== undefined || where.atLeast !== undefined || where.atMost !== undefined, 'say what must stand there: is, contains, atLeast or atMost');
export type RecordWhere = z.output<typeof recordWhereSchema>;

export type Condition =
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition }
  | { container: ContainerWhere & { atLeast?: number | undefined } }
  | { noContainer: ContainerWhere }
  | { record: RecordWhere }
  | { image: { reference: string; maxMegabytes?: number | undefined } }
  | { event: EventWhere }
  | { call: CallWhere }
  | { output: { container: ContainerWhere; stream: 'stdout' | 'stderr' | 'both'; contains: string } }
  | { kernel: KernelWhere } | { process: ProcessWhere } | { file: FileWhere } | { dockerfile: DockerfileWhere } | { port: PortWhere } | { http: HttpWhere } | { registry: RegistryWhere } | { script: ScriptWhere }
  | { volume: VolumeWhere } | { network: NetworkWhere } | { imageConfig: ImageConfigWhere } | { history: HistoryWhere } | { layers: LayersWhere }
  | { within: WithinWhere }
  | { sequence: { steps: SequenceStep[]; container?: ContainerWhere | undefined; withinSeconds?: number | undefined; since: 'opened' | 'start' } };
export type ConditionKind = Condition extends infer C ? (C extends C ? keyof C : never) : never;

export interface WithinWhere { seconds: number; of: Condition; after?: SequenceStep | undefined; }

const nested: z.ZodType<Condition> = z.lazy(() => conditionSchema);

/** One entry a kind; the descriptions are the reference for authors. */
export const conditionKinds = {
  all: z.array(nested).min(1).describe('Every one of these holds.'),
  any: z.array(nested).min(1).describe('At least one of these holds.'),
  not: nested.describe('This does not hold.'),
  container: containerWhereSchema.extend({ atLeast: z.number().int().min(1).optional() }).describe('There is such a container (or at least so many).'),
  noContainer: containerWhereSchema.describe('There is no such container.'),
  record: recordWhereSchema.describe('The engine\'s own record of such a container says this: limits, capabilities, ports, mounts, networks, environment.'),
  image: z.strictObject({ reference: z.string(), maxMegabytes: z.number().positive().optional().describe('And it is no larger.') }).describe('The lab has this image.'),
  event: eventWhereSchema.describe('The engine has reported such an event.'),
  call: callWhereSchema.describe('A docker command has asked the engine this, and got this answer.'),
  output: z.strictObject({ container: containerWhereSchema, stream: z.enum(['stdout', 'stderr', 'both']).default('both'), contains: z.string().min(1) })
    .describe('Such a container has written this.'),
  sequence: z.strictObject({ steps: z.array(stepSchema).min(2), container: containerWhereSchema.optional(), withinSeconds: z.number().positive().optional().describe('From the first step to the last.'), since: since.default('opened') })
    .describe('These events and calls happened in this order, all about one container.'),
  within: z.strictObject({ seconds: z.number().positive(), of: nested, after: stepSchema.optional().describe('From its latest time on. Without it: from when the task opened.') })
    .describe('This holds before the time is over.'),
  volume: volumeWhereSchema.describe('The lab has such a volume.'),
  network: networkWhereSchema.describe('The lab has such a network.'),
  imageConfig: imageConfigWhereSchema.describe('What an image says about the containers made from it.'),
  history: historyWhereSchema.describe('The steps an image was made in, as docker history shows them.'),
  layers: layersWhereSchema.describe('The layers an image is made of.'),
  kernel: kernelWhereSchema.describe('What the kernel grants a container or the lab: capabilities, namespaces, limits, mounts. Read outside the lab.'),
  process: processWhereSchema.describe('Such a process runs. Read outside the lab.'),
  file: fileWhereSchema.describe('There is such a file. Read outside the lab.'),
  dockerfile: dockerfileWhereSchema.describe('A Dockerfile in the lab is built like this.'),
  port: portWhereSchema.describe('Somebody listens on a port, or a container is published on it.'),
  http: httpWhereSchema.describe('A server in the lab answers like this. Never enough by itself.'),
  registry: registryWhereSchema.describe('A registry in the lab has this image. Never enough by itself.'),
  script: scriptWhereSchema.describe('A script of yours ends like this in the lab. The last resort, and never enough by itself.'),
} satisfies Record<ConditionKind, z.ZodType>;

/** Picks the kind by its key, so that a mistake is reported where it is rather than for every kind there is. */
export const conditionSchema: z.ZodType<Condition> = z.unknown().transform((value, context): Condition => {
  const kinds = Object.keys(conditionKinds).join(', ');
  const keys = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  const key = keys[0] as ConditionKind | undefined;
  if (keys.length !== 1 || key === undefined || !Object.hasOwn(conditionKinds, key)) {
    context.addIssue({ code: 'custom', message: `a condition is one of ${kinds}${keys.length > 1 ? `; here are ${keys.length} keys (${keys.join(', ')}): put them in a list below all` : ''}` });
    return z.NEVER;
  }
  const parsed = conditionKinds[key].safeParse((value as Record<string, unknown>)[key]);
  if (parsed.success) return { [key]: parsed.data } as Condition;
  for (const issue of parsed.error.issues) context.addIssue({ code: 'custom', message: issue.message, path: [key, ...issue.path] });
  return z.NEVER;
});
