// How a condition says which containers it means, and the small shapes that all conditions are made of. Used by condition.ts and its parts
// observed.ts and recorded.ts; matched by server/grading/match.ts.
import { z } from 'zod';

export const oneOrMore = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);
export const since = z.enum(['opened', 'start']).describe('opened: only what happened after this task opened. start: anything since the lab began.');

export const containerStates = ['created', 'running', 'paused', 'exited', 'removed'] as const;
export type ContainerState = (typeof containerStates)[number];

export const containerWhereSchema = z.strictObject({
  name: oneOrMore(z.string()).optional().describe('Its name now (or its last one, when it is removed).'),
  image: oneOrMore(z.string()).optional().describe('The image it was made from; nginx means nginx:latest, as for docker.'),
  state: oneOrMore(z.enum(containerStates)).optional().describe('Without it: any container that exists. `removed` also finds those that are gone.'),
  exitCode: z.union([z.number().int(), z.literal('nonzero')]).optional().describe('The code of its last exit.'),
  named: z.boolean().optional().describe('Whether the learner chose the name (--name) rather than docker.'),
  detached: z.boolean().optional().describe('Whether it was last started with no terminal attached (-d, or docker start).'),
  tty: z.boolean().optional().describe('-t'),
  interactive: z.boolean().optional().describe('-i: its standard input is kept open.'),
  autoRemove: z.boolean().optional().describe('--rm'),
  labels: z.record(z.string(), z.string()).optional(),
  command: z.string().optional().describe('Part of its command line.'),
  starts: z.number().int().min(1).optional().describe('Started at least this often.'),
  upSeconds: z.number().min(0.1).max(600).optional().describe('Has been running for so long without a break.'),
  since: since.optional().describe('opened: made after this task opened. Default: start.'),
});
export type ContainerWhere = z.output<typeof containerWhereSchema>;

/** A number, or what it may lie between. */
export const amountSchema = z.union([z.number(), z.strictObject({ atLeast: z.number().optional(), atMost: z.number().optional() })]);
export type Amount = z.output<typeof amountSchema>;
