// A translation is texts and nothing else: whole, it is shown; with a part missing it is left out and the author told; behind its source it is shown and
// the author told. The lesson itself is never harmed.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadLesson } from './load.ts';
import { lessonIn } from './schema.ts';

const name = '10-container-lifecycle';
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'translation-'));
  cpSync(join(import.meta.dirname, name), join(root, name), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const change = (file: string, from: string | RegExp, to: string) => {
  const path = join(root, name, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
};
const read = async () => {
  const { lesson, problems } = await loadLesson(root, name);
  return { lesson: lesson!, german: lesson!.translations?.de, problems };
};

test('the lifecycle lesson is there in German, whole and up to date, with the checks and commands of the source', async () => {
  const { lesson, german, problems } = await read();
  expect(problems).toEqual([]);
  expect(german!.tasks.map(task => task.title)).not.toEqual(lesson.tasks.map(task => task.title));
  expect(german!.tasks.map(({ check, solution, needs }) => ({ check, solution, needs }))).toEqual(lesson.tasks.map(({ check, solution, needs }) => ({ check, solution, needs })));
  expect(lessonIn(lesson, 'de')).toMatchObject({ language: 'de', title: german!.title, slug: lesson.slug, images: lesson.images });
  expect(JSON.stringify(german!.body)).toContain('Tipp');
});

test('a lesson without a translation is read in its own language', async () => {
  rmSync(join(root, name, 'lesson.de.md'));
  rmSync(join(root, name, 'tasks.de.yaml'));
  const { lesson, german, problems } = await read();
  expect(german).toBeUndefined();
  expect(problems).toEqual([]);
  expect(lessonIn(lesson, 'de')).toMatchObject({ language: 'en', title: lesson.title });
});

test('when the source moves on, the translation is still shown, and the author hears which file lags and what to write', async () => {
  change('lesson.md', 'Beside this text is', 'Next to this text is');
  change('tasks.yaml', 'Run your first container', 'Run a first container');
  const { german, problems } = await read();
  expect(german).toBeDefined();
  expect(problems).toMatchObject([{ file: `${name}/lesson.de.md`, line: 2, message: expect.stringMatching(/^lesson.md has changed since it was translated/), harmless: true }, { file: `${name}/tasks.de.yaml`, line: 2, fix: expect.stringMatching(/write source: [0-9a-f]{8}$/) }]);
});

test('a change of what is checked, not of what is said, leaves the translation up to date', async () => {
  change('tasks.yaml', 'exitCode: 0 }', 'exitCode: nonzero }');
  expect((await read()).problems).toEqual([]);
});

test.each([
  ['a task is missing', 'tasks.de.yaml', /\n {2}refused:[\s\S]*?(?=\n {2}stop:)/, '', 'task refused is not translated'],
  ['a wrong turn is missing', 'tasks.de.yaml', /\n {6}only-pulled:\n.*\n.*/, '', 'wrong turn only-pulled of task hello is not translated'],
  ['a task is no more', 'tasks.de.yaml', /\n {2}hello:/, '\n  gone:\n    { title: x, expected: x, next: x, done: x, wrongTurns: {} }\n  hello:', 'there is no task gone any more'],
  ['it quotes what is not there', 'tasks.de.yaml', 'Ein Container aus hello-world ist', 'Ein {value} ist', '{value} is not quoted by the source here'],
  ['a task is not in the text', 'lesson.de.md', ':::task{#start}', ':::note', 'start is not in the text'],
  ['a command was changed', 'lesson.de.md', 'ps -ef | grep nginx', 'ps -ef | grep apache', 'other commands to run than in lesson.md: ps -ef | grep nginx; ps -ef | grep apache'],
  ['a file is missing', 'tasks.de.yaml', null, '', 'the file is missing'],
] as const)('left out, and the author told: %s', async (_what, file, from, to, message) => {
  if (from === null) rmSync(join(root, name, file));
  else change(file, from, to);
  const { lesson, german, problems } = await read();
  expect(lesson.slug).toBe('container-lifecycle');
  expect(german).toBeUndefined();
  expect(problems.every(problem => problem.harmless)).toBe(true);
  expect(problems.map(problem => problem.message)).toContain(message);
});
