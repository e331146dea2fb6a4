// Points are given with their reason: all of them with the evidence, a part with what was found, none without a word.
import { expect, test } from 'vitest';
import { inLanguage, SOURCE } from '../../texts/language.ts';
import { tasksFileSchema } from '../../lessons/schema.ts';
import { checkTasks } from '../../lessons/rules.ts';
import { contextOf, Lab } from './synthetic.ts';
import { GradedTask } from './task.ts';
import { Facts } from './world.ts';

const parsed = (points: number | undefined, part = 4) => tasksFileSchema.parse({
  tasks: [{
    id: 'web', title: 'Run web', points, check: { container: { name: 'web', state: 'running' } }, attempt: { event: { action: 'create' } }, expected: 'web runs', next: 'start it', done: '{container.name} runs',
    wrongTurns: [{ id: 'created', when: { container: { name: 'web', state: 'created' } }, found: 'only created', next: 'start', ...(points ? { points: part } : {}) }, { id: 'paused', when: { container: { name: 'web', state: 'paused' } }, found: 'paused', next: 'unpause' }],
    solution: ['a'], otherWays: [['b'], ['c']], wrong: [{ commands: ['d'], message: 'created' }, { commands: ['e'], message: 'paused' }],
  }],
}).tasks;

function progressAfter(points: number | undefined, happens: (lab: Lab) => void) {
  const task = new GradedTask(parsed(points)[0]!, undefined);
  const facts = new Facts();
  const context = contextOf(facts);
  const lab = new Lab();
  task.open(0);
  lab.onEntry(entry => { facts.feed(entry); task.feed(entry, context); });
  happens(lab);
  const moment = { seq: lab.entries.length, at: '2026-11-21T00:00:00Z', live: true };
  if (!task.judge(context, moment)) task.speak(context, moment, false);
  return inLanguage(task.record.progress, SOURCE);
}

test('done: all, beside the evidence', () => expect(progressAfter(10, lab => lab.runDetached('web', 'x'))).toMatchObject({ state: 'done', evidence: 'web runs', points: { got: 10, of: 10 } }));
test('half-way there: a part, beside what was found', () => expect(progressAfter(10, lab => lab.create('web', 'x'))).toMatchObject({ state: 'tried', found: 'only created', points: { got: 4, of: 10 } }));
test('a miss: none, beside what was found', () => expect(progressAfter(10, lab => lab.create('other', 'x'))).toMatchObject({ state: 'tried', found: expect.stringContaining('no container named web'), points: { got: 0, of: 10 } }));
test('a task without points shows none', () => expect(progressAfter(undefined, lab => lab.create('web', 'x'))).not.toHaveProperty('points'));
test('a part that is no less than the whole is told to the author', () => {
  const faults = checkTasks(parsed(10, 10), ['web'], { file: 'tasks.yaml', lineOf: () => 7 });
  expect(faults).toMatchObject([{ file: 'tasks.yaml', line: 7, message: 'wrong turn created is worth as much as the task' }]);
});
