// Reading ease: what is easy must be found easier than what is hard.
import { expect, test } from 'vitest';
import { readingOf, syllables } from './reading.ts';
import { renderLesson } from './render.ts';

const ease = (text: string, language?: string) => readingOf(renderLesson(text, { tasks: [], quizzes: [] }, 'x').body, language).ease;

test.each([['cat', 1], ['container', 3], ['image', 2], ['make', 1], ['table', 2], ['daemon', 2]])('%s has %i syllables', (word, count) => expect(syllables(word)).toBe(count));

test('short plain sentences are easier than long learned ones', () => {
  const plain = ease('The cat sat on the mat. It ran. We see the dog.');
  const learned = ease('The administrative consolidation of heterogeneous infrastructures necessitates considerable organisational determination and perseverance.');
  expect(plain).toBeGreaterThan(90);
  expect(learned).toBeLessThan(10);
});

test('code and tables do not count', () => {
  expect(readingOf(renderLesson('Two words.\n\n```bash\na b c d e f\n```\n\n| a | b |\n|-|-|\n| c | d |\n', { tasks: [], quizzes: [] }, 'x').body)).toMatchObject({ words: 2, minutes: 1 });
});

test('a text without words is no fault', () => expect(ease('')).toBe(100));
