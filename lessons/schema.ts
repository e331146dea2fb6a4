// The shape of a lesson: front matter, tasks and their checks, as typed data. Read by load.ts, graded by server/grading, documented in
// README.md. Data only: nothing a lesson contains is ever executed by the server.
import { z } from 'zod';
import { conditionSchema } from './condition.ts';
import type { LessonFile } from './files.ts';
import { SOURCE, type Language } from '../texts/language.ts';
import { quizSchema, type Quiz } from './quiz.ts';
import type { LessonTexts } from './translation.ts';

const text = z.string().trim().min(1);
const id = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'use small letters, digits and dashes, beginning with a letter');

const hostname = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use small letters, digits and dashes');
const place = z.string().regex(/^(\/[\w.@+-]+)+$/, 'write a folder\'s whole path, as in /root/shop').refine(path => !path.split('/').includes('..'), 'write a path without ..');

/** part.md of a folder that holds lessons, or chapters of such. */
export const partSchema = z.strictObject({
  title: text.max(60).describe('The heading in the list of lessons.'),
  summary: text.max(300).optional().describe('A sentence or two below it.'),
});

export const frontMatterSchema = z.strictObject({
  title: text.max(80).describe('Shown in the list of lessons and as the heading of the page.'),
  summary: text.max(300).describe('One or two sentences: what the learner can do afterwards.'),
  minutes: z.number().int().min(1).max(240).describe('How long it takes a beginner.'),
  level: z.enum(['beginner', 'intermediate', 'advanced']).describe('Who it is for.'),
  part: text.max(60).optional().describe('The part of the course it belongs to; lessons of one part are listed together. Left out in a folder with a part.md, which says it for all.'),
  prerequisites: z.array(text).default([]).describe('Slugs of lessons to do first.'),
  images: z.array(text).default([]).describe('Images the lesson uses; each must be in the library.'),
  profile: z.enum(['strict', 'full']).default('strict').describe('The lab\'s safety profile; full only for lessons about namespaces or raw sockets.'),
  user: z.enum(['root', 'learner']).default('root').describe('Whose the terminals are, and the commands of solutions: learner is a user in the groups docker and sudo. Set-up and resets are always root\'s.'),
  hosts: z.union([z.number().int().min(1), z.array(hostname).min(1)]).default(1)
    .refine(hosts => hosts === 1 || (Array.isArray(hosts) && hosts.length === 1), 'a lab has one host so far: leave hosts out, or give that host a name, as in [shop]')
    .transform(hosts => (Array.isArray(hosts) ? hosts : [])).describe('The lab\'s hosts by their names; without it one host called host1.'),
  egress: z.array(z.string().max(253).regex(/^(\*\.)?([a-z0-9-]+\.)+[a-z][a-z0-9-]*(:\d{1,5}(,\d{1,5})*)?$/, 'write names that the lab may reach, perhaps with ports: [deb.debian.org, "*.pypi.org:443"]')).max(16).default([]).describe('Names outside that the lab is to reach, as far as the operator of a Slipway permits: a lesson must work without.'),
  files: z.strictObject({
    to: place.default('/root').describe('The folder of the lab that everything in the lesson\'s files/ is laid into.'),
    owner: z.string().regex(/^\d{1,5}:\d{1,5}$/, 'write two numbers, as in "1000:1000"').default('0:0').describe('The numbers of user and group that the files belong to.'),
    modes: z.record(z.string(), z.string().regex(/^0?[0-7]{3}$/, 'write a mode in quotes, as in "0600"').transform(mode => Number.parseInt(mode, 8))).default({}).describe('Modes of single files; the others are 0755 when they can be executed, else 0644.'),
  }).prefault({}).describe('Where files/ goes; without it to /root.'),
  setup: z.array(z.union([text.transform(run => ({ run, says: '' })), z.strictObject({ run: text, says: text.max(80) })])).max(20).default([]).describe('Commands that prepare the lab before the learner sees it, again at every reset; `says` is shown while one runs.'),
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

export const taskHintSchema = z.strictObject({
  text: template.describe('Shown when the learner asks for a hint, one at a time.'),
  when: conditionSchema.optional().describe('Offered only while this is so; such hints come before the others.'),
  cost: z.number().int().min(1).optional().describe('Points that it takes off the task.'),
});
export type TaskHint = z.output<typeof taskHintSchema>;

export const failSchema = z.strictObject({
  when: conditionSchema.describe('The evidence is gone: the task cannot be done any more, and asks to be reset.'),
  found: template,
  tried: z.array(commandSchema).min(1).describe('Commands that lead to it, for trying it.'),
});
export type Fail = z.output<typeof failSchema>;

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
  hints: z.array(taskHintSchema).default([]),
  fail: failSchema.optional(),
  reset: z.array(commandSchema).default([]).describe('What "Reset this task" does in the lab. Other tasks keep what they have.'),
  solution: z.array(commandSchema).min(1),
  otherWays: z.array(z.array(commandSchema).min(1)).min(2).describe('Other correct ways: the long form, another name, another order.'),
  wrong: z.array(z.strictObject({ commands: z.array(commandSchema).min(1), message: id.describe('The wrong turn that must speak.') })).min(2),
});
export type Task = z.output<typeof taskSchema>;

export const tasksFileSchema = z.strictObject({ tasks: z.array(taskSchema).min(1), quizzes: z.array(quizSchema).default([]) });

/** HAST as JSON; custom elements are those that render.ts lists. */
export interface HastText { type: 'text'; value: string; }
export interface HastElement { type: 'element'; tagName: string; properties: Record<string, string | number | boolean | (string | number)[]>; children: HastNode[]; }
export type HastNode = HastText | HastElement;
export interface HastRoot { type: 'root'; children: HastNode[]; }

/** A heading over lessons: a part of the course, or a chapter of a part. */
export interface Heading { title: string; summary?: string | undefined; }

export interface Lesson extends Omit<FrontMatter, 'part' | 'files'> {
  /** The folder's name without its number: 10-container-lifecycle → container-lifecycle. */
  slug: string;
  /** The numbers of its folders, from the outermost: the order of the course. */
  order: number[];
  /** Where it stands in the course: a part, and perhaps a chapter of it. */
  headings: Heading[];
  /** The folder of lessons that its own folder lies in, and its own below that: 10-container-lifecycle, or 10-basics/20-volumes. */
  root: string;
  folder: string;
  body: HastRoot;
  tasks: Task[];
  quizzes: Quiz[];
  files: { to: string; owner: string; list: LessonFile[] };
  /** What it says in other languages; the language it was written in is not among them. */
  translations?: Partial<Record<Language, LessonTexts>>;
}

/** The lesson as it is read in a language, and which one that is: the one it was written in where there is no translation. */
export function lessonIn(lesson: Lesson, language: Language): Lesson & { language: Language } {
  const texts = lesson.translations?.[language];
  return texts ? { ...lesson, ...texts, language } : { ...lesson, language: SOURCE };
}
