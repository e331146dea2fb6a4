// The shape of a lesson: front matter, tasks and their checks, as typed data. Read by load.ts, graded by server/grading, documented in
// README.md. Data only: nothing a lesson contains is ever executed by the server.
import { z } from 'zod';
import { conditionSchema } from './condition.ts';

const text = z.string().trim().min(1);
const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use small letters, digits and dashes, beginning with a letter');

export const frontMatterSchema = z.strictObject({
  title: text.max(80).describe('Shown in the list of lessons and as the heading of the page.'),
  summary: text.max(300).describe('One or two sentences: what the learner can do afterwards.'),
  minutes: z.number().int().min(1).max(240).describe('How long it takes a beginner.'),
  level: z.enum(['beginner', 'intermediate', 'advanced']).describe('Who it is for.'),
  part: text.max(60).describe('The part of the course it belongs to; lessons of one part are listed together.'),
  prerequisites: z.array(text).default([]).describe('Slugs of lessons to do first.'),
  images: z.array(text).default([]).describe('Images the lesson uses; each must be in the library.'),
  profile: z.enum(['strict', 'full']).default('strict').describe('The lab\'s safety profile; full only for lessons about namespaces or raw sockets.'),
});
export type FrontMatter = z.output<typeof frontMatterSchema>;

/** A line for bash, or a command in a real terminal with what is typed into it. */
export const commandSchema = z.union([
  text.describe('A line for bash -lc; an exit code other than 0 is allowed.'),
  z.strictObject({
    terminal: text.describe('A command run in a terminal, such as docker run -it …'),
    type: z.array(z.string()).default([]).describe('Lines typed into it, each after the prompt has come; ^P^Q and ^D stand for those keys.'),
  }),
]);
export type Command = z.output<typeof commandSchema>;

const template = text.max(400).describe('May quote what was found: {container.name}, {container.state}, {container.exitCode}, {container.image}, {container.command}, {call.message}, {call.status}, {count}, {value}.');

export const wrongTurnSchema = z.strictObject({
  id,
  when: conditionSchema.describe('What the lab looks like after this wrong turn. Of several that match, the most recent one speaks.'),
  expected: template.optional().describe('Only when it differs from the task\'s.'),
  found: template,
  next: template,
  points: z.number().int().min(1).optional().describe('What this much of the task is worth already.'),
});
export type WrongTurn = z.output<typeof wrongTurnSchema>;

export const taskSchema = z.strictObject({
  id,
  title: text.max(80).describe('What to achieve, as an instruction.'),
  needs: z.array(id).default([]).describe('Tasks that must be done before this one opens.'),
  check: conditionSchema.describe('When this holds, the task is done, for good.'),
  attempt: conditionSchema.describe('What counts as having tried. Before that the task stays neutral.'),
  expected: template.describe('What the task wants to see, in the learner\'s words.'),
  next: template.describe('What to do next when no wrong turn fits.'),
  points: z.number().int().min(1).max(100).optional().describe('What the task is worth; without it no points are shown.'),
  done: template.describe('The evidence, shown with the tick.'),
  wrongTurns: z.array(wrongTurnSchema).min(2),
  solution: z.array(commandSchema).min(1),
  otherWays: z.array(z.array(commandSchema).min(1)).min(2).describe('Other correct ways: the long form, another name, another order.'),
  wrong: z.array(z.strictObject({ commands: z.array(commandSchema).min(1), message: id.describe('The wrong turn that must speak.') })).min(2),
});
export type Task = z.output<typeof taskSchema>;

export const tasksFileSchema = z.strictObject({ tasks: z.array(taskSchema).min(1) });

/** HAST as JSON; custom elements are x-run, x-task, x-hint, x-solution and x-callout (render.ts). */
export interface HastText { type: 'text'; value: string; }
export interface HastElement { type: 'element'; tagName: string; properties: Record<string, string | number | boolean | (string | number)[]>; children: HastNode[]; }
export type HastNode = HastText | HastElement;
export interface HastRoot { type: 'root'; children: HastNode[]; }

export interface Lesson extends FrontMatter {
  /** The folder's name without its number: 10-container-lifecycle → container-lifecycle. */
  slug: string;
  /** The folder's number. */
  order: number;
  /** The folder of lessons that its own folder lies in. */
  root: string;
  folder: string;
  body: HastRoot;
  tasks: Task[];
}
