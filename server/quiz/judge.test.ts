// Answers to a lesson's questions: what they are worth, and that no answer is told more than it has earned.
import { expect, test } from 'vitest';
import { quizSchema } from '../../lessons/quiz.ts';
import { inLanguage } from '../../texts/language.ts';
import { judge, stateOf, type StoredQuiz } from './judge.ts';

const one = quizSchema.parse({ id: 'who', question: 'Who?', points: 3, options: [{ answer: 'client', because: 'It asks.' }, { answer: 'daemon', right: true, because: 'It works.' }, { answer: 'registry', because: 'It keeps.' }] });
const many = quizSchema.parse({ id: 'which', question: 'Which?', many: true, options: [{ answer: 'a', right: true, because: '1' }, { answer: 'b', right: true, because: '2' }, { answer: 'c', because: '3' }] });
const typed = quizSchema.parse({ id: 'pid', question: 'Which number?', pattern: '(pid )?1', accepts: ['1', 'PID 1'], because: 'The first.', refuses: [{ answer: '0', because: 'That is the kernel.' }], otherwise: 'Ask echo $$.' });
const told = (quiz: typeof one, stored: StoredQuiz) => inLanguage(stateOf(() => quiz, stored), 'en');

test('a right answer earns all at the first try, half at the second, nothing later', () => {
  const worth = (wrongBefore: number) => {
    let last: StoredQuiz | undefined;
    for (let n = 0; n < wrongBefore; n++) last = judge(one, ['0'], last);
    return judge(one, ['1'], last)!.got;
  };
  expect([0, 1, 2, 3].map(worth)).toEqual([3, 1, 0, 0]);
});

test('a wrong answer hears about what was chosen, and nothing of what is right', () => {
  const state = told(one, judge(one, ['0'], undefined)!);
  expect(state).toEqual({ id: 'who', answer: ['0'], right: false, tries: 1, points: { got: 0, of: 3 }, said: [{ answer: 'client', right: false, because: 'It asks.' }] });
  expect(told(one, judge(one, ['1'], undefined)!).said).toHaveLength(3);
});

test('a right answer stays, whatever is sent afterwards', () => {
  const right = judge(one, ['1'], undefined)!;
  expect(judge(one, ['0'], right)).toBe(right);
});

test('of several right options all must be ticked, and no other', () => {
  expect([['0'], ['0', '1', '2'], ['1', '0']].map(answer => judge(many, answer, undefined)!.right)).toEqual([false, false, true]);
});

test('what is typed is judged without regard to capitals and spaces; expected mistakes have their own word', () => {
  expect(judge(typed, ['  Pid 1 '], undefined)!.right).toBe(true);
  expect(judge(typed, ['11'], undefined)!.right).toBe(false);
  expect(told(typed, judge(typed, ['0'], undefined)!).said[0]!.because).toBe('That is the kernel.');
  expect(told(typed, judge(typed, ['7'], undefined)!).said[0]!.because).toBe('Ask echo $$.');
});

test('what is no answer to the question counts as none', () => {
  expect([judge(one, ['7'], undefined), judge(one, ['0', '1'], undefined), judge(many, ['0', '0'], undefined), judge(typed, [' '], undefined), judge(one, [], undefined)]).toEqual(Array(5).fill(undefined));
});

test('a reader of another language hears of the options in theirs', () => {
  const german = quizSchema.parse({ id: 'who', question: 'Wer?', points: 3, options: [{ answer: 'Client', because: 'Er fragt.' }, { answer: 'Daemon', right: true, because: 'Er arbeitet.' }, { answer: 'Registry', because: 'Sie verwahrt.' }] });
  const state = stateOf(language => (language === 'de' ? german : one), judge(one, ['0'], undefined)!);
  expect(inLanguage(state, 'de').said).toEqual([{ answer: 'Client', right: false, because: 'Er fragt.' }]);
  expect(inLanguage(state, 'en').said).toEqual([{ answer: 'client', right: false, because: 'It asks.' }]);
});
