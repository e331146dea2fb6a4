// Hints are shown when asked for and no sooner, chosen by what is wrong, paid for once; a task whose evidence is gone says so until it is reset.
import { afterEach, expect, test } from 'vitest';
import { taskSchema, type Task } from '../../lessons/schema.ts';
import { inLanguage } from '../../texts/language.ts';
import type { TaskState } from '../protocol.ts';
import { createGrader } from './grader.ts';
import { Lab } from './synthetic.ts';
import { carriedOver, type Grader, type StoredTask } from './types.ts';

const task: Task = taskSchema.parse({
  id: 'web', title: 'Web', check: { event: { action: 'die', name: 'web' } }, attempt: { event: { action: 'create', name: 'web' } }, expected: 'E', next: 'N', done: '{container.name} ended', points: 10,
  wrongTurns: [{ id: 'created', when: { container: { name: 'web', state: 'created' } }, found: 'only created', next: 'N', points: 9 }, { id: 'b', when: { container: { name: 'b' } }, found: 'b', next: 'N' }],
  solution: ['x'], otherWays: [['x'], ['x']], wrong: [{ commands: ['x'], message: 'created' }, { commands: ['x'], message: 'b' }],
  hints: [{ text: 'Read the text again.' }, { text: 'It takes docker stop.', cost: 2 }, { text: 'A paused container does not end.', when: { container: { name: 'web', state: 'paused' } }, cost: 3 }],
  fail: { when: { event: { action: 'destroy', name: 'web' } }, found: '{container.name} is gone.', tried: ['x'] }, reset: ['x'],
});

let grader: Grader | undefined;
afterEach(() => grader?.stop());

function begin(stored: StoredTask[] = [], lab = new Lab()) {
  const seen = { stored: new Map(stored.map(one => [one.id, one])), told: 0 };
  grader = createGrader({
    lesson: { tasks: [task] }, stored, evidence: async () => structuredClone(lab.evidence), read: async () => ({ seq: 0, found: [] }), output: async () => ({ stdout: '', stderr: '' }),
    onProgress: (_, record) => { seen.told += 1; seen.stored.set(record.id, structuredClone(record)); }, onExplain() {},
  });
  grader.start();
  for (const entry of lab.entries) grader.feed(entry);
  lab.onEntry(entry => grader!.feed(entry));
  return { lab, seen, hint: () => inLanguage(grader!.hint('web'), 'en')?.progress.hints, state: async () => { await grader!.settled(); return inLanguage(grader!.progress(), 'en')[0]!.progress as TaskState; } };
}

test('a hint is there to be asked for, in its order, with its price', async () => {
  const { hint, state } = begin();
  expect((await state()).hints).toEqual({ shown: [], next: {} });
  expect(hint()).toEqual({ shown: [{ text: 'Read the text again.' }], next: { cost: 2 } });
  expect(hint()?.shown.map(one => one.text)).toEqual(['Read the text again.', 'It takes docker stop.']);
  expect(hint()).toBeUndefined(); // the third is for a paused container only
});

test('what is wrong chooses the hint, and what was shown is paid for when the task is done', async () => {
  const { lab, hint, state } = begin();
  lab.runDetached('web', 'nginx');
  lab.event('pause', 'web', 'nginx');
  await state();
  expect(hint()?.shown).toEqual([{ text: 'A paused container does not end.', cost: 3 }]);
  lab.event('unpause', 'web', 'nginx');
  lab.stop('web', 'nginx');
  expect(await state()).toMatchObject({ state: 'done', points: { got: 7, of: 10 }, hints: { shown: [{ cost: 3 }] } });
  expect((await state()).hints).not.toHaveProperty('next');
});

test('a part of the points is never more than the hints leave', async () => {
  const { lab, hint, state } = begin();
  hint();
  hint();
  lab.create('web', 'nginx');
  expect(await state()).toMatchObject({ state: 'tried', points: { got: 8, of: 10 } });
});

test('hints that were shown are stored: neither a restart nor a fresh lab gives their points back', async () => {
  const first = begin();
  first.hint();
  first.hint();
  const stored = [...first.seen.stored.values()];
  grader!.stop();
  const again = begin(stored, first.lab);
  expect((await again.state()).hints?.shown).toHaveLength(2);
  grader!.stop();
  const fresh = begin(carriedOver(stored));
  fresh.lab.runDetached('web', 'nginx');
  fresh.lab.stop('web', 'nginx');
  expect(await fresh.state()).toMatchObject({ state: 'done', points: { got: 8, of: 10 } });
});

test('a task whose evidence is gone says so, takes nothing more, and begins again with its reset', async () => {
  const { lab, hint, state } = begin();
  hint();
  lab.runDetached('web', 'nginx');
  lab.event('destroy', 'web', 'nginx');
  expect(await state()).toMatchObject({ state: 'failed', found: 'web is gone.', hints: { shown: [{}] } });
  expect(hint()).toBeUndefined();
  lab.event('die', 'web', 'nginx', { exitCode: '0' });
  expect((await state()).state).toBe('failed');
  expect(grader!.reset('web', lab.entries.length)).toMatchObject({ progress: { state: 'open' } });
  expect((await state()).state).toBe('open'); // what was before does not count any more
  lab.runDetached('web', 'nginx', {});
  lab.stop('web', 'nginx');
  expect((await state()).state).toBe('done');
  expect(grader!.reset('web', lab.entries.length)).toBeUndefined();
});

test('failed is remembered, and nothing is told twice', async () => {
  const first = begin();
  first.lab.runDetached('web', 'nginx');
  first.lab.event('destroy', 'web', 'nginx');
  await first.state();
  const stored = [...first.seen.stored.values()];
  grader!.stop();
  const again = begin(stored, first.lab);
  expect((await again.state()).state).toBe('failed');
  expect(again.seen.told).toBe(0);
});
