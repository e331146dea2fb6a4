// Answers to a lesson's questions: what they are worth, and that no answer is told more than it has earned.
import { expect, test } from 'vitest';
import { quizSchema } from '../../lessons/quiz.ts';
import { judge, stateOf, type StoredQuiz } from './judge.ts';

const one = quizSchema.parse({ id: 'who', question: 'Who?', points: 3, options: [{ answer: 'client', because: 'It asks.' }, { answer: 'daemon', right: true, because: 'It works.' }, { answer: 'registry', because: 'It keeps.' }] });
const many = quizSchema.parse({ id: 'which', question: 'Which?', many: true, options: [{ answer: 'a', right: true, because: '1' }, { answer: 'b', right: true, because: '2' }, { answer: 'c', because: '3' }] });
const typed = quizSchema.parse({ id: 'pid', question: 'Which number?', pattern: '(pid )?1', accepts: ['1', 'PID 1'], because: 'The first.', refuses: [{ answer: '0', because: 'That is the kernel.' }], otherwise: 'Ask echo $$.' });

test('a right answer earns all at the first try, half at the second, nothing later', () => {
  const worth = (wrongBefore: number) => {
    let last: StoredQuiz | undefined;
    for (let n = 0; n < wrongBefore; n++) last = judge(one, ['client'], last);
    return judge(one, ['daemon'], last)!.got;
  };
  expect([0, 1, 2, 3].map(worth)).toEqual([3, 1, 0, 0]);
});

test('a wrong answer hears about what was chosen, and nothing of what is right', () => {
  const state = stateOf(one, judge(one, ['client'], undefined)!);
  expect(state).toEqual({ id: 'who', answer: ['client'], right: false, tries: 1, points: { got: 0, of: 3 }, said: [{ answer: 'client', right: false, because: 'It asks.' }] });
  expect(stateOf(one, judge(one, ['daemon'], undefined)!).said).toHaveLength(3);
});

test('a right answer stays, whatever is sent afterwards', () => {
  const right = judge(one, ['daemon'], undefined)!;
  expect(judge(one, ['client'], right)).toBe(right);
});

test('of several right options all must be ticked, and no other', () => {
  expect([['a'], ['a', 'b', 'c'], ['b', 'a']].map(answer => judge(many, answer, undefined)!.right)).toEqual([false, false, true]);
});

test('what is typed is judged without regard to capitals and spaces; expected mistakes have their own word', () => {
  expect(judge(typed, ['  Pid 1 '], undefined)!.right).toBe(true);
  expect(judge(typed, ['11'], undefined)!.right).toBe(false);
  expect(stateOf(typed, judge(typed, ['0'], undefined)!).said[0]!.because).toBe('That is the kernel.');
  expect(stateOf(typed, judge(typed, ['7'], undefined)!).said[0]!.because).toBe('Ask echo $$.');
});

test('what is no answer to the question counts as none', () => {
  expect([judge(one, ['nonsense'], undefined), judge(one, ['client', 'daemon'], undefined), judge(many, ['a', 'a'], undefined), judge(typed, [' '], undefined), judge(one, [], undefined)]).toEqual(Array(5).fill(undefined));
});
