import { expect, test } from 'vitest';
import { policiesFrom, policySchema } from './policy.ts';

const M = 60_000;

test('what is not said is the default of the role', () => {
  const { guest, learner, instructor } = policiesFrom({ learner: 'suspend=90m labs=2, freeze=never' });
  expect(guest).toEqual({ freezeMs: 5 * M, suspendMs: 30 * M, warnMs: 2 * M, workMs: 240 * M, keepMs: 7 * 1440 * M, lastChanceMs: 2 * 1440 * M, labs: 4 });
  expect(learner).toMatchObject({ suspendMs: 90 * M, labs: 2, freezeMs: Infinity, warnMs: 5 * M });
  expect(instructor.keepMs).toBeGreaterThan(learner.keepMs);
});

test.each([
  ['suspend=30', 'is none of'], ['sleep=5m', 'is none of'], ['labs=0', 'is none of'], ['keep=-1d', 'is none of'],
  ['warn=40m', 'warn must be shorter than suspend'], ['keep=1d', 'last-chance must be shorter than keep'],
])('"%s" is refused in words', (text, words) => {
  expect(policySchema('guest').safeParse(text).error?.issues[0]?.message).toContain(words);
});
