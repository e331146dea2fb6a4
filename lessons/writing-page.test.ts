// docs/writing-lessons.md is what teachers learn from: its examples, put together, are a lesson without fault, and every directive is on it.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadLessons } from './load.ts';
import { formatProblem } from './problem.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'slipway-page-')); });
afterAll(() => rm(root, { recursive: true }));

const page = await readFile('docs/writing-lessons.md', 'utf8');
const yaml = [...page.matchAll(/^```yaml\n([^]*?)^```/gm)].map(match => match[1]!);
const [facts, special, tasks, quizzes] = yaml as [string, string, string, string];
const cells = [...page.matchAll(/^\| (`.*`)(?:,.*)? \|/gm)].map(match => match[1]!.split(' … ')[0]!.replaceAll(/^`+ ?| ?`+$/g, ''));

test('the facts, the tasks and the questions of the page are a lesson without fault', async () => {
  const folder = join(root, '10-shop');
  await mkdir(join(folder, 'files'), { recursive: true });
  await writeFile(join(folder, 'files', 'secret.txt'), 's');
  const diagram = /````\n(:::diagram[^]*?)````/.exec(page)![1]!;
  const text = `---\n${facts.replace('prerequisites: [first-container]', '')}${special}---\n\n::::task{#serve}\n::::\n\n:::task{#stop}\n:::\n\n::quiz{#where}\n\n::quiz{#survive}\n\n::quiz{#pid}\n\n::open[Look at the page]{file=/root/shop/index.html line=3}\n\n::port[See the shop]{port=8080}\n\n${diagram}\n`;
  await writeFile(join(folder, 'lesson.md'), text);
  await writeFile(join(folder, 'tasks.yaml'), tasks + quizzes);
  const { lessons, problems } = await loadLessons(root);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(lessons[0]).toMatchObject({ hosts: ['shop'], files: { list: [{ path: 'secret.txt', mode: 0o600 }] }, tasks: [{ id: 'serve' }, { id: 'stop' }], quizzes: [{ id: 'where' }, { id: 'survive' }, { id: 'pid' }] });
});

test('every directive is on the page', () => {
  for (const directive of ['bash run', 'run paste', 'terminal=', ':::task', ':::hint', ':::note', ':::warning', ':::hood', ':::solution', ':::diagram', '::open', '::port', '::quiz']) expect(page).toContain(directive);
  expect(cells.length).toBeGreaterThan(8);
});
