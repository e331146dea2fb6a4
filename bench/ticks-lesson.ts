// A lesson for measuring ticks (ticks.ts, watching.ts): tasks that an event ticks, and tasks that a file or a process does. Nothing anybody should read.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { taskSchema, type Task } from '../lessons/schema.ts';

/** Of each kind. */
export const TICKS = 10;

export const checks = {
  event: (n: number) => ({ event: { action: 'start', name: `web${n}` } }),
  file: (n: number) => ({ file: { path: `/root/file${n}`, contains: 'written' } }),
  process: (n: number) => ({ process: { command: `sleep 7000${n}` } }),
};
export type Kind = keyof typeof checks;
const numbers = Array.from({ length: TICKS }, (_, n) => n);
export const idOf = (kind: Kind, n: number) => `${kind}-${n}`;

const taskOf = (id: string, check: unknown) => ({
  id, check, title: id, attempt: { event: { action: 'kill' } }, expected: 'It is there.', next: 'true', done: 'It is there.',
  wrongTurns: ['a', 'b'].map(turn => ({ id: turn, when: { container: { name: turn } }, found: turn, next: 'true' })),
  solution: ['true'], otherWays: [['true'], ['true']], wrong: ['a', 'b'].map(message => ({ commands: ['true'], message })),
});
const all = () => (Object.keys(checks) as Kind[]).flatMap(kind => numbers.map(n => taskOf(idOf(kind, n), checks[kind](n))));

/** Ten open tasks, most of which need reading outside: what a lab costs while somebody has it open. */
export const tenTasks = (): Task[] => numbers.map(n => taskSchema.parse(taskOf(`t${n}`, [checks.file(n), checks.process(n), { kernel: { container: { name: 'still' }, memoryBytes: n + 1 } }, { file: { container: { name: 'still' }, path: `/made${n}` } }, checks.event(n)][n % 5])));

/** Writes it into a folder of lessons, which it answers; `release` removes that. */
export function writeTicksLesson(): { folder: string; release(): void } {
  const folder = `/var/tmp/slipway-bench-lessons-${process.pid}`;
  const lesson = join(folder, '10-ticks');
  mkdirSync(lesson, { recursive: true, mode: 0o755 });
  const tasks = all();
  writeFileSync(join(lesson, 'lesson.md'), `---\ntitle: Ticks\nsummary: For measuring.\nminutes: 5\nlevel: beginner\npart: Measuring\n---\n\n${tasks.map(({ id }) => `:::task{#${id}}\nIt ticks.\n:::\n`).join('\n')}`);
  writeFileSync(join(lesson, 'tasks.yaml'), JSON.stringify({ tasks })); // JSON is YAML
  return { folder, release: () => rmSync(folder, { recursive: true, force: true }) };
}
