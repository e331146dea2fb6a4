// What earns a tick, and what hints, failing and resetting have to fit together with.
import { expect, test } from 'vitest';
import { conditionSchema } from './condition.ts';
import { checkTasks, earns } from './rules.ts';
import { taskSchema } from './schema.ts';

const http = { http: { port: 80 } };
const container = { container: { name: 'web' } };
test.each([
  ['a container', container, true],
  ['an answer', http, false],
  ['a registry', { registry: { container: {}, repository: 'a' } }, false],
  ['a script', { script: { run: 'true' } }, false],
  ['an answer beside a container', { all: [http, container] }, true],
  ['an answer or a container', { any: [http, container] }, false],
  ['an answer in time', { within: { seconds: 5, of: http } }, false],
  ['an answer beside what is not there', { all: [http, { noContainer: {} }, { not: container }] }, false],
  ['a file read outside', { file: { path: '/x' } }, true],
] as const)('%s', (_name, condition, wanted) => expect(earns(conditionSchema.parse(condition))).toBe(wanted));

const task = (more: Record<string, unknown>) => taskSchema.parse({
  id: 'one', title: 'One', check: container, attempt: { event: { action: 'create' } }, expected: 'E', next: 'N', done: 'D',
  wrongTurns: ['a', 'b'].map(id => ({ id, when: { container: { name: id } }, found: 'F', next: 'N' })), solution: ['x'], otherWays: [['x'], ['x']],
  wrong: ['a', 'b'].map(message => ({ commands: ['x'], message })), ...more,
});
const fail = { when: { event: { action: 'destroy', name: 'web' } }, found: 'web is gone.', tried: ['docker rm -f web'] };
test.each([
  ['right', { points: 10, hints: [{ text: 'Look.', cost: 2 }], fail, reset: ['docker run -d --name web nginx'] }, []],
  ['a tick for the lab\'s own word', { check: http }, [/what the lab says of itself/]],
  ['a hint that costs points of a task without any', { hints: [{ text: 'Look.', cost: 2 }] }, [/no points/]],
  ['hints that cost everything', { points: 4, hints: [{ text: 'Look.', cost: 2 }, { text: 'There.', cost: 2 }] }, [/cost all/]],
  ['a failure that nothing resets', { fail }, [/nothing resets it/]],
  ['a failure from the beginning', { fail: { ...fail, when: { noContainer: { name: 'web' } } }, reset: ['x'] }, [/failed before anything/]],
] as const)('%s', (_name, more, wanted) => {
  const told = checkTasks([task(more)], ['one'], { file: 'tasks.yaml', lineOf: () => 1 }).map(problem => problem.message);
  expect(told).toEqual(wanted.map(pattern => expect.stringMatching(pattern)));
});
