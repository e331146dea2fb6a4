import { expect, test } from 'vitest';
import type { ClassEgress } from '../data/class-egress.ts';
import { COOKIE, newLearnerId, signLearner } from '../http/cookie.ts';
import { createEgress, type EgressOptions } from './egress.ts';

const secret = Buffer.alloc(32, 1);
const [teacher, learner] = [newLearnerId(), newLearnerId()];
const cookie = (id: string) => `${COOKIE}=${signLearner(id, secret)}`;

function start(options: { row?: ClassEgress; everyone?: boolean } = {}) {
  let row = options.row;
  const wishes: Record<string, string[]> = {};
  const errors: unknown[] = [];
  const egress = createEgress({
    secret, onError: error => errors.push(error),
    lesson: slug => (slug === 'apt' ? { egress: ['deb.debian.org:80'] } as unknown as ReturnType<EgressOptions['lesson']> : undefined),
    classes: { of: async () => row, set: async (_id, next) => { row = next; } },
    store: {
      roleOf: async id => (id === teacher ? 'instructor' : 'guest'),
      labs: async () => [{ lab: 'one', slug: 'apt' }, { lab: 'two', slug: null }, { lab: 'three', slug: null }].map(lab => ({ ...lab, workspace: lab.lab, learner, role: 'guest' as const, lastSeenAt: new Date() })),
    },
    engine: {
      egress: async () => ({ allow: ['*.debian.org', 'pypi.org:443'], everyone: options.everyone ?? false, bitsPerSecond: 20e6, connectionsPerSecond: 20, labs: Object.keys(wishes).filter(lab => wishes[lab]!.length) }),
      setEgress: async (lab, wish) => { if (lab === 'gone') throw new Error('no such lab'); wishes[lab] = wish; },
      listLabs: async () => [{ id: 'one', state: 'running' }, { id: 'two', state: 'frozen' }, { id: 'three', state: 'suspended' }] as Awaited<ReturnType<EgressOptions['engine']['listLabs']>>,
    },
  });
  const say = (body: unknown, who = teacher) => egress.routes['/api/class/egress']!(body, { learner: who, request: undefined as never });
  return { egress, wishes, errors, say };
}

test.each<[string, Parameters<typeof start>[0], string[], string[]]>([
  ['nothing, unless somebody says so', {}, [], []],
  ['what its lesson wishes for, where nobody has said anything', {}, ['a.org'], ['a.org']],
  ['all that is permitted, where the operator lets everyone out', { everyone: true }, ['a.org'], ['*']],
  ['what the class has ticked, and the lesson’s', { row: { on: true, allow: ['pypi.org'] } }, ['a.org'], ['pypi.org', 'a.org']],
  ['nothing, where the class is switched off, whatever lesson and operator say', { row: { on: false, allow: ['pypi.org'] }, everyone: true }, ['a.org'], []],
])('a lab is to reach %s', async (_, options, lesson, wish) => {
  const { egress, wishes } = start(options);
  await egress.open('one', { egress: lesson });
  expect(wishes.one).toEqual(wish);
});

test('the switch reaches every lab, each with its lesson’s own wish, and those that sleep', async () => {
  const { say, wishes } = start();
  expect(await say({ on: true, allow: ['pypi.org:443'] })).toEqual({ body: { labs: 3 } });
  expect(wishes).toEqual({ one: ['pypi.org:443', 'deb.debian.org:80'], two: ['pypi.org:443'], three: ['pypi.org:443'] });
  await say({ on: false, allow: [] });
  expect(wishes).toEqual({ one: [], two: [], three: [] });
});

test('what the operator says of everyone reaches labs that run', async () => {
  const options = { everyone: false };
  const { egress, wishes } = start(options);
  await egress.follow();
  expect(wishes).toEqual({});
  options.everyone = true;
  await egress.follow();
  expect(wishes).toEqual({ one: ['*'], two: ['*'], three: ['*'] });
});

test('only instructors see the page and turn the switch', async () => {
  const { egress, say, wishes } = start();
  await expect(say({ on: true, allow: ['*'] }, learner)).rejects.toThrow(/lead the class/);
  expect(wishes).toEqual({});
  expect(await egress.page(cookie(learner))).toBeUndefined();
  expect(await egress.page(null)).toBeUndefined();
  expect(await egress.page(cookie(teacher))).toEqual({ isKnown: true, on: false, labs: 0, megabits: 20, connections: 20, entries: [{ entry: '*.debian.org', chosen: true }, { entry: 'pypi.org:443', chosen: true }] });
});

test('what is no list is refused, and a lab that cannot be opened is reported and goes on', async () => {
  const { egress, say, errors } = start();
  for (const allow of [['$(id)'], 'pypi.org', [7]]) await expect(say({ on: true, allow })).rejects.toThrow();
  await egress.open('gone', { egress: [] });
  expect(errors).toHaveLength(1);
});
