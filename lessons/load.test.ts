// A faulty lesson: each fault is told with file, line and what to do, and never stops the other lessons.
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lessonLoader, loadLessons } from './load.ts';
import { formatProblem } from './problem.ts';
import { matchesAnswer } from './quiz.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'slipway-lessons-')); });
afterAll(() => rm(root, { recursive: true }));

const front = '---\ntitle: T\nsummary: S\nminutes: 5\nlevel: beginner\npart: P\n---\n';
const text = `${front}\n:::task{#one}\ndo it\n:::\n`;
const tasks = `tasks:
  - id: one
    title: One
    check: { event: { action: start } }
    attempt: { event: { action: create } }
    expected: E
    next: N
    done: "{container.name}"
    wrongTurns:
      - { id: a, when: { container: { state: created } }, found: F, next: N }
      - { id: b, when: { container: { state: paused } }, found: F, next: N }
    solution: [docker run x]
    otherWays: [[docker run y], [docker run z]]
    wrong:
      - { commands: [docker create x], message: a }
      - { commands: [docker pause x], message: b }
`;

async function load(files: Record<string, string>, folder = '10-a') {
  const dir = await mkdtemp(join(root, 'set-'));
  await mkdir(join(dir, folder));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, folder, name)), { recursive: true });
    await writeFile(join(dir, folder, name), content);
  }
  return loadLessons(dir);
}

test('a right lesson loads without a word', async () => {
  const { lessons, problems } = await load({ 'lesson.md': text, 'tasks.yaml': tasks });
  expect(problems).toEqual([]);
  expect(lessons).toMatchObject([{ slug: 'a', order: [10], folder: '10-a', title: 'T', profile: 'strict', tasks: [{ id: 'one', needs: [] }] }]);
});

const faults: [name: string, files: Record<string, string>, where: string, says: RegExp][] = [
  ['no front matter', { 'lesson.md': '# Hi', 'tasks.yaml': tasks }, '10-a/lesson.md:1:', /no front matter/],
  ['a wrong level', { 'lesson.md': text.replace('beginner', 'easy'), 'tasks.yaml': tasks }, '10-a/lesson.md:5:', /level/],
  ['an unknown field', { 'lesson.md': text.replace('part: P', 'part: P\ncolour: red'), 'tasks.yaml': tasks }, '10-a/lesson.md:', /colour/],
  ['broken YAML', { 'lesson.md': text, 'tasks.yaml': tasks.replace('title: One', 'title: [One') }, '10-a/tasks.yaml:', /./],
  ['a missing file', { 'lesson.md': text }, '10-a/tasks.yaml:1:', /missing/],
  ['an unknown condition', { 'lesson.md': text, 'tasks.yaml': tasks.replace('event: { action: start }', 'happened: { action: start }') }, '10-a/tasks.yaml:4:', /a condition is one of all, any, not/],
  ['an unknown field in a condition', { 'lesson.md': text, 'tasks.yaml': tasks.replace('action: start }', 'action: start, nmae: x }') }, '10-a/tasks.yaml:4:', /nmae/],
  ['two keys in a condition', { 'lesson.md': text, 'tasks.yaml': tasks.replace('{ event: { action: start } }', '{ event: { action: start }, container: {} }') }, '10-a/tasks.yaml:4:', /below all/],
  ['a check that an untouched lab passes', { 'lesson.md': text, 'tasks.yaml': tasks.replace('{ event: { action: start } }', '{ noContainer: {} }') }, '10-a/tasks.yaml:4:', /untouched lab passes/],
  ['an unknown name in a text', { 'lesson.md': text, 'tasks.yaml': tasks.replace('{container.name}', '{container.nmae}') }, '10-a/tasks.yaml:8:', /\{container\.nmae\}/],
  ['a task that is not in the text', { 'lesson.md': front, 'tasks.yaml': tasks }, '10-a/tasks.yaml:2:', /not in the text/],
  ['a task that is only in the text', { 'lesson.md': `${text}\n:::task{#two}\nx\n:::\n`, 'tasks.yaml': tasks }, '10-a/lesson.md:13:', /no task “two”/],
  ['an unknown directive', { 'lesson.md': `${text}\n:::quizz\nx\n:::\n`, 'tasks.yaml': tasks }, '10-a/lesson.md:13:', /no directive :::quizz/],
  ['a wrong turn that is not described', { 'lesson.md': text, 'tasks.yaml': tasks.replace('message: b', 'message: c') }, '10-a/tasks.yaml:16:', /no wrong turn c/],
  ['a need that comes later', { 'lesson.md': text, 'tasks.yaml': tasks.replace('title: One', 'title: One\n    needs: [zero]') }, '10-a/tasks.yaml:4:', /no earlier task/],
  ['only one other way', { 'lesson.md': text, 'tasks.yaml': tasks.replace(', [docker run z]', '') }, '10-a/tasks.yaml:13:', /otherWays/],
  ['an unknown prerequisite', { 'lesson.md': text.replace('part: P', 'part: P\nprerequisites: [zz]'), 'tasks.yaml': tasks }, '10-a/lesson.md:1:', /no lesson “zz”/],
  ['more than one host', { 'lesson.md': text.replace('part: P', 'part: P\nhosts: 3'), 'tasks.yaml': tasks }, '10-a/lesson.md:7:', /a lab has one host so far/],
  ['a way out to everywhere', { 'lesson.md': text.replace('part: P', 'part: P\negress: ["*"]'), 'tasks.yaml': tasks }, '10-a/lesson.md:7:', /write names that the lab may reach/],
  ['no part', { 'lesson.md': text.replace('part: P\n', ''), 'tasks.yaml': tasks }, '10-a/lesson.md:2:', /belongs to no part/],
  ['files laid outside', { 'lesson.md': text.replace('part: P', 'part: P\nfiles: { to: /root/../etc }'), 'tasks.yaml': tasks }, '10-a/lesson.md:7:', /without \.\./],
  ['a mode for no file', { 'lesson.md': text.replace('part: P', 'part: P\nfiles: { modes: { x: "0600" } }'), 'tasks.yaml': tasks }, '10-a/lesson.md:1:', /no x in files/],
  ['a quiz without a right option', { 'lesson.md': `${text}\n::quiz{#q}\n`, 'tasks.yaml': `${tasks}quizzes:\n  - { id: q, question: Q, options: [{ answer: a, because: b }, { answer: c, because: d }] }\n` }, '10-a/tasks.yaml:18:', /no option is right/],
  ['a quiz whose wrong option is not explained', { 'lesson.md': `${text}\n::quiz{#q}\n`, 'tasks.yaml': `${tasks}quizzes:\n  - { id: q, question: Q, options: [{ answer: a, right: true, because: b }, { answer: c }] }\n` }, '10-a/tasks.yaml:18:', /because/],
  ['a quiz whose own answer is wrong', { 'lesson.md': `${text}\n::quiz{#q}\n`, 'tasks.yaml': `${tasks}quizzes:\n  - { id: q, question: Q, pattern: "pid ?1", accepts: [pid 1, one], because: b, otherwise: o }\n` }, '10-a/tasks.yaml:18:', /“one” does not match/],
  ['a pattern that cannot be read', { 'lesson.md': `${text}\n::quiz{#q}\n`, 'tasks.yaml': `${tasks}quizzes:\n  - { id: q, question: Q, pattern: "(", accepts: [a], because: b, otherwise: o }\n` }, '10-a/tasks.yaml:18:', /cannot be read/],
  ['a quiz that is not in the text', { 'lesson.md': text, 'tasks.yaml': `${tasks}quizzes:\n  - { id: q, question: Q, options: [{ answer: a, right: true, because: b }, { answer: c, because: d }] }\n` }, '10-a/tasks.yaml:18:', /quiz q is not in the text/],
];
test.each(faults)('%s is told with its place and a remedy', async (_name, files, where, says) => {
  const { problems } = await load(files);
  const told = problems.map(formatProblem);
  expect(told.some(line => line.startsWith(where) && says.test(line)), told.join('\n')).toBe(true);
  for (const problem of problems) expect(problem.fix).toMatch(/\.$/);
});

test('a faulty lesson is left out and the others are there, in the order of their numbers', async () => {
  const dir = await mkdtemp(join(root, 'set-'));
  for (const [folder, md] of [['20-b', text], ['5-c', text], ['10-a', '# broken']] as const) {
    await mkdir(join(dir, folder));
    await writeFile(join(dir, folder, 'lesson.md'), md);
    await writeFile(join(dir, folder, 'tasks.yaml'), tasks);
  }
  const { lessons, problems } = await loadLessons(dir);
  expect(lessons.map(lesson => lesson.slug)).toEqual(['c', 'b']);
  expect(problems).toHaveLength(1);
});

test('files are listed with mode and digest, wherever in files/ they lie', async () => {
  const { lessons, problems } = await load({ 'lesson.md': text.replace('part: P', 'part: P\nfiles: { to: /srv/shop, owner: "1000:1000", modes: { site/secret: "0600" } }'), 'tasks.yaml': tasks, 'files/site/index.html': 'hello', 'files/site/secret': 's', 'files/.env': 'A=1', 'files/x~': 'left by an editor' });
  expect(problems.map(formatProblem)).toEqual([]);
  expect(lessons[0]!.files).toMatchObject({ to: '/srv/shop', owner: '1000:1000', list: [{ path: '.env', mode: 0o644 }, { path: 'site/index.html', mode: 0o644, sizeBytes: 5, digest: expect.stringMatching(/^2cf24dba/) }, { path: 'site/secret', mode: 0o600 }] });
});

test('a link anywhere in a lesson keeps it from loading: it could lead out of it', async () => {
  const { lessons } = await load({ 'lesson.md': text, 'tasks.yaml': tasks });
  const { root: at, folder } = lessons[0]!;
  await mkdir(join(at, folder, 'files'));
  await writeFile(join(at, folder, 'files', 'run.sh'), '');
  await chmod(join(at, folder, 'files', 'run.sh'), 0o755);
  expect((await loadLessons(at)).lessons[0]!.files.list).toMatchObject([{ path: 'run.sh', mode: 0o755 }]);
  await symlink('/etc/passwd', join(at, folder, 'files', 'passwd'));
  const again = await loadLessons(at);
  expect(again.lessons).toEqual([]);
  expect(again.problems.map(formatProblem).join()).toMatch(/^10-a\/files\/passwd:1: this is a link/);
});

test('parts and chapters come from the folders, in the order of all their numbers', async () => {
  const dir = await mkdtemp(join(root, 'set-'));
  const inPart = text.replace('part: P\n', '');
  for (const [path, content] of [['20-later/part.md', '---\ntitle: Later on\n---\n'], ['10-basics/part.md', '---\ntitle: The basics\nsummary: First things.\n---\n'], ['10-basics/20-disk/part.md', '---\ntitle: Disk\n---\n']] as const) {
    await mkdir(join(dir, dirname(path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  for (const [folder, md] of [['20-later/5-z', inPart], ['10-basics/20-disk/10-volumes', inPart], ['10-basics/10-run', inPart], ['15-alone', text]] as const) {
    await mkdir(join(dir, folder), { recursive: true });
    await writeFile(join(dir, folder, 'lesson.md'), md);
    await writeFile(join(dir, folder, 'tasks.yaml'), tasks);
  }
  const { lessons, problems } = await loadLessons(dir);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(lessons.map(({ slug, headings }) => [slug, headings.map(heading => heading.title).join(' / ')])).toEqual([['run', 'The basics'], ['volumes', 'The basics / Disk'], ['alone', 'P'], ['z', 'Later on']]);
  await mkdir(join(dir, '30-again'));
  await writeFile(join(dir, '30-again/lesson.md'), text);
  await writeFile(join(dir, '30-again/tasks.yaml'), tasks);
  expect((await loadLessons(dir)).lessons.map(({ slug }) => slug)).toEqual(['run', 'volumes', 'alone', 'again', 'z']); // of the same part P as alone
  await writeFile(join(dir, '10-basics/10-run/lesson.md'), text);
  expect((await loadLessons(dir)).problems.map(formatProblem).join()).toMatch(/the folder says that this is part of “The basics”/);
});

test('a pattern that would keep other engines busy for years is answered at once', () => {
  const begun = performance.now();
  expect(matchesAnswer({ pattern: '(a|a|a?)+$' }, `${'a'.repeat(190)}!`)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(500);
});

test('the lessons of this repository are without fault, each as its format demands', async () => {
  const { lessons, problems } = await loadLessons(import.meta.dirname);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(lessons.length).toBeGreaterThan(0);
});

test('a lesson in which nothing has changed is not read again; one in which a file, a mode or its part has changed is', async () => {
  const { lessons } = await load({ 'lesson.md': text, 'tasks.yaml': tasks, 'files/a': '1' });
  const at = lessons[0]!.root;
  const loader = lessonLoader();
  const first = (await loader(at)).lessons[0]!;
  expect((await loader(at)).lessons[0]).toBe(first);
  await writeFile(join(at, '10-a/files/a'), '2');
  const second = (await loader(at)).lessons[0]!;
  expect(second.files.list[0]!.digest).not.toBe(first.files.list[0]!.digest);
  await chmod(join(at, '10-a/files/a'), 0o755);
  expect((await loader(at)).lessons[0]!.files.list[0]!.mode).toBe(0o755);
  await rm(join(at, '10-a/tasks.yaml'));
  expect((await loader(at)).lessons).toEqual([]);
});
