// A lesson in another language: lesson.de.md beside lesson.md, tasks.de.yaml beside tasks.yaml. Texts only: checks, commands and everything else are the
// lesson's own and shared, so a translation can be neither easier nor harder. Called by load.ts; a faulty translation is left out and the author told.
//
// Each file names the state of the source it was made from (`source: 1a2b3c4d`), a digest of its texts. When the source has moved on, the translation is
// still shown, and the author is told which file lags and what to write once it is brought up to date.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Language } from '../texts/language.ts';
import type { LessonProblem } from './problem.ts';
import { isChoice, type Quiz } from './quiz.ts';
import { type Rendered, renderLesson } from './render.ts';
import type { HastNode, Lesson, Task } from './schema.ts';
import { parseYaml } from './yaml.ts';

/** What a lesson says; the rest of it is the same in every language. */
export type LessonTexts = Pick<Lesson, 'title' | 'summary' | 'headings' | 'body' | 'tasks' | 'quizzes' | 'setup'>;

const text = z.string().trim().min(1);
const source = z.string().regex(/^[0-9a-f]{8}$/, 'write the eight characters that `slipway lesson check` names').optional();

const frontSchema = z.strictObject({ source, title: text.max(80), summary: text.max(300), part: text.max(60).optional(), setup: z.array(text.max(80)).optional() });

const turn = z.strictObject({ expected: text.max(400).optional(), found: text.max(400), next: text.max(400) });
const task = z.strictObject({
  title: text.max(80), expected: text.max(400), next: text.max(400), done: text.max(400),
  wrongTurns: z.record(z.string(), turn),
  hints: z.array(text.max(400)).default([]),
  fail: text.max(400).optional(),
});
const quiz = z.strictObject({
  question: text.max(400),
  options: z.array(z.strictObject({ answer: text.max(200), because: text.max(400) })).optional(),
  because: text.max(400).optional(), otherwise: text.max(400).optional(), refuses: z.array(text.max(400)).optional(),
});
const tasksSchema = z.strictObject({ source, tasks: z.record(z.string(), task), quizzes: z.record(z.string(), quiz).default({}) });
type TaskTexts = z.output<typeof task>;
type QuizTexts = z.output<typeof quiz>;

export const digestOf = (value: unknown) => createHash('sha256').update(typeof value === 'string' ? value : JSON.stringify(value)).digest('hex').slice(0, 8);

/** All that tasks.yaml says to a learner, and nothing of how it is checked. */
export const textsOf = ({ tasks, quizzes }: Pick<Lesson, 'tasks' | 'quizzes'>) => [
  ...tasks.map(({ id, title, expected, next, done, wrongTurns, hints, fail }) => [id, title, expected, next, done, wrongTurns.map(one => [one.id, one.expected, one.found, one.next]), hints.map(one => one.text), fail?.found]),
  ...quizzes.map(one => [one.id, one.question, isChoice(one) ? one.options.map(({ answer, because }) => [answer, because]) : [one.because, one.otherwise, one.refuses.map(({ because }) => because)]]),
];

export interface Source { lesson: Pick<Lesson, 'tasks' | 'quizzes' | 'setup' | 'body'>; /** lesson.md as it is. */ markdown: string; rendered: Rendered; }
export interface Files { lesson: { file: string; front: string; body: string; firstLine: number }; tasks: { file: string; text: string }; }

/** `texts` is there only when it is whole. Headings come from the folders of parts, or from `part`. */
export function readTranslation(language: Language, { lesson, markdown, rendered: original }: Source, files: Files): { texts: Omit<LessonTexts, 'headings'> & { part?: string | undefined } | undefined; problems: LessonProblem[] } {
  const problems: LessonProblem[] = [];
  const front = parseYaml(files.lesson.front, frontSchema, files.lesson.file, 2);
  const yaml = parseYaml(files.tasks.text, tasksSchema, files.tasks.file);
  problems.push(...front.problems, ...yaml.problems);
  if (!front.value || !yaml.value) return { texts: undefined, problems: problems.map(harmless) };

  const inTasks = (path: PropertyKey[], message: string, fix: string) => problems.push({ file: files.tasks.file, line: yaml.lineOf(path), message, fix });
  const inLesson = (message: string, fix: string) => problems.push({ file: files.lesson.file, line: 1, message, fix });
  const tasks = lesson.tasks.map(one => translateTask(one, yaml.value!.tasks[one.id], inTasks));
  const quizzes = lesson.quizzes.map(one => translateQuiz(one, yaml.value!.quizzes[one.id], inTasks));
  for (const id of Object.keys(yaml.value.tasks)) if (!lesson.tasks.some(one => one.id === id)) inTasks(['tasks', id], `there is no task ${id} any more`, 'Remove it.');
  for (const id of Object.keys(yaml.value.quizzes)) if (!lesson.quizzes.some(one => one.id === id)) inTasks(['quizzes', id], `there is no quiz ${id} any more`, 'Remove it.');

  const rendered = renderLesson(files.lesson.body, { tasks, quizzes }, files.lesson.file, files.lesson.firstLine, language);
  problems.push(...rendered.problems.filter(problem => !problem.harmless));
  const missing = [...original.taskIds, ...original.quizIds].filter(id => ![...rendered.taskIds, ...rendered.quizIds].includes(id));
  if (missing.length > 0) inLesson(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not in the text`, 'Put them where they stand in lesson.md.');
  const commands = differing(commandsIn(original.body.children), commandsIn(rendered.body.children));
  if (commands.length > 0) inLesson(`other commands to run than in lesson.md: ${commands.join('; ')}`, 'Commands are not translated: copy them from lesson.md.');
  const says = front.value.setup ?? [];
  if (says.length > 0 && says.length !== lesson.setup.filter(step => step.says).length) inLesson(`setup has ${says.length} texts, lesson.md has ${lesson.setup.filter(step => step.says).length}`, 'Write one for each `says`, in their order.');

  const whole = problems.length === 0;
  const lags = (file: string, line: number, of: string, was: string | undefined, now: string) => {
    if (was !== now) problems.push({ file, line, message: was === undefined ? `it does not say which ${of} it translates` : `${of} has changed since it was translated (${was}, now ${now})`, fix: `Bring it up to date, then write source: ${now}` });
  };
  lags(files.lesson.file, front.lineOf(['source']), 'lesson.md', front.value.source, digestOf(markdown));
  lags(files.tasks.file, yaml.lineOf(['source']), 'tasks.yaml', yaml.value.source === undefined ? undefined : String(yaml.value.source), digestOf(textsOf(lesson)));
  if (!whole) return { texts: undefined, problems: problems.map(harmless) };
  const waiting = [...says];
  const setup = lesson.setup.map(step => (step.says && waiting.length > 0 ? { ...step, says: waiting.shift()! } : step));
  return { texts: { title: front.value.title, summary: front.value.summary, part: front.value.part, body: rendered.body, tasks, quizzes, setup }, problems: problems.map(harmless) };
}

/** Of a translation everything is: the lesson itself is whole. */
const harmless = (problem: LessonProblem): LessonProblem => ({ ...problem, harmless: true });

type Complain = (path: PropertyKey[], message: string, fix: string) => void;

function translateTask(original: Task, own: TaskTexts | undefined, complain: Complain): Task {
  const { id } = original;
  if (!own) {
    complain(['tasks'], `task ${id} is not translated`, `Write ${id}: with title, expected, next, done and wrongTurns.`);
    return original;
  }
  const at = ['tasks', id];
  sameNames([...at, 'title'], [original.expected, original.next, original.done], [own.expected, own.next, own.done], complain);
  for (const name of Object.keys(own.wrongTurns)) if (!original.wrongTurns.some(one => one.id === name)) complain([...at, 'wrongTurns', name], `task ${id} has no wrong turn ${name} any more`, 'Remove it.');
  const wrongTurns = original.wrongTurns.map(one => {
    const words = own.wrongTurns[one.id];
    if (!words) complain([...at, 'wrongTurns'], `wrong turn ${one.id} of task ${id} is not translated`, `Write ${one.id}: with found and next.`);
    else sameNames([...at, 'wrongTurns', one.id], [one.found, one.next], [words.found, words.next], complain);
    if (words && (one.expected === undefined) !== (words.expected === undefined)) complain([...at, 'wrongTurns', one.id], `wrong turn ${one.id} has ${one.expected === undefined ? 'no' : 'an'} expected of its own`, one.expected === undefined ? 'Remove expected.' : 'Write expected.');
    return { ...one, ...words };
  });
  if (own.hints.length !== original.hints.length) complain([...at, 'hints'], `task ${id} has ${original.hints.length} hints, and ${own.hints.length} are translated`, 'Write them in their order.');
  if ((own.fail === undefined) !== (original.fail === undefined)) complain(at, `task ${id} has ${original.fail ? 'a' : 'no'} fail`, original.fail ? 'Write fail: and what its found says.' : 'Remove fail.');
  return {
    ...original, title: own.title, expected: own.expected, next: own.next, done: own.done, wrongTurns,
    hints: original.hints.map((one, index) => ({ ...one, text: own.hints[index] ?? one.text })),
    ...(original.fail ? { fail: { ...original.fail, found: own.fail ?? original.fail.found } } : {}),
  };
}

function translateQuiz(original: Quiz, own: QuizTexts | undefined, complain: Complain): Quiz {
  const at = ['quizzes', original.id];
  if (!own) {
    complain(['quizzes'], `quiz ${original.id} is not translated`, `Write ${original.id}: with question and what is said to answers.`);
    return original;
  }
  const { question, because = '', otherwise = '', refuses = [], options = [] } = own;
  if (isChoice(original)) {
    if (options.length !== original.options.length) complain(at, `quiz ${original.id} has ${original.options.length} options, and ${options.length} are translated`, 'Write them in their order.');
    return { ...original, question, options: original.options.map((one, index) => ({ ...one, ...options[index] })) };
  }
  if (!because || !otherwise || refuses.length !== original.refuses.length) complain(at, `quiz ${original.id} lacks words`, 'Write because, otherwise, and refuses as a list with one text for each refused answer.');
  return { ...original, question, because: because || original.because, otherwise: otherwise || original.otherwise, refuses: original.refuses.map((one, index) => ({ ...one, because: refuses[index] ?? one.because })) };
}

const namesIn = (texts: string[]) => new Set(texts.flatMap(one => [...one.matchAll(/\{([^{}]+)\}/g)].map(([, name]) => name!)));

/** A translation may leave a value out where its language needs it less, but can quote nothing that the source does not. */
function sameNames(path: PropertyKey[], original: string[], own: string[], complain: Complain) {
  const known = namesIn(original);
  for (const name of namesIn(own)) if (!known.has(name)) complain(path, `{${name}} is not quoted by the source here`, `Use ${[...known].map(one => `{${one}}`).join(', ') || 'none'}.`);
}

function commandsIn(nodes: readonly HastNode[]): string[] {
  return nodes.flatMap(node => (node.type !== 'element' ? [] : node.tagName === 'x-run' ? [String(node.properties.code)] : commandsIn(node.children)));
}

const differing = (a: string[], b: string[]) => [...a.filter(one => !b.includes(one)), ...b.filter(one => !a.includes(one))];
