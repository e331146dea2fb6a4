import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isTerminalAnswer } from './answer.ts';
import { createCoalescer } from './coalesce.ts';
import { unfinished } from './unfinished.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

test('a quiet terminal sends at once, a flood in batches, and quiet again after it', () => {
  const sent: number[] = [];
  const coalescer = createCoalescer(batch => sent.push(batch.length), () => performance.now());
  coalescer.push(Buffer.alloc(1));
  coalescer.push(Buffer.alloc(1));
  expect(sent).toEqual([1, 1]);
  for (let n = 0; n < 40; n++) coalescer.push(Buffer.alloc(4096));
  expect(sent).toEqual([1, 1, 65536, 65536]);
  vi.advanceTimersByTime(4);
  expect(sent).toEqual([1, 1, 65536, 65536, 8 * 4096]);
  vi.advanceTimersByTime(20);
  coalescer.push(Buffer.alloc(3));
  expect(sent.at(-1)).toBe(3);
});

test('batches keep the order, and what waits goes out before something small that follows', () => {
  let text = '';
  const coalescer = createCoalescer(batch => { text += batch.toString(); }, () => performance.now());
  coalescer.push(Buffer.from('a'.repeat(5000)));
  coalescer.push(Buffer.from('b'));
  expect(text).toBe('');
  coalescer.flush();
  expect(text).toBe(`${'a'.repeat(5000)}b`);
});

test('released, it sends nothing more', () => {
  const sent: Buffer[] = [];
  const coalescer = createCoalescer(batch => sent.push(batch), () => performance.now());
  coalescer.push(Buffer.alloc(5000));
  coalescer.release();
  vi.runAllTimers();
  expect(sent).toEqual([]);
});

test.each([
  ['plain text', 'hello', ''],
  ['a whole sequence', 'x\u001b[31m', ''],
  ['a lone escape', 'x\u001b', '\u001b'],
  ['parameters without the final byte', 'x\u001b[1;3', '\u001b[1;3'],
  ['a title without its end', 'x\u001b]0;ti', '\u001b]0;ti'],
  ['a title ended by BEL', '\u001b]0;title\u0007', ''],
  ['a title ended by ST', '\u001b]0;title\u001b\\', ''],
  ['a character set without its name', '\u001b(', '\u001b('],
  ['a whole character set', '\u001b(B', ''],
  ['text after a sequence', '\u001b[2Jabc', ''],
])('after %s what is unfinished is known', (_, text, rest) => expect(Buffer.from(unfinished(Buffer.from(text))).toString()).toBe(rest));

test('a letter cut at any byte is unfinished, a whole one is not', () => {
  for (const letter of ['é', '€', '😀']) {
    const bytes = Buffer.from(letter);
    for (let cut = 1; cut < bytes.length; cut++) expect([...unfinished(Buffer.concat([Buffer.from('ab'), bytes.subarray(0, cut)]))]).toEqual([...bytes.subarray(0, cut)]);
    expect(unfinished(bytes).length).toBe(0);
  }
});

test.each([
  ['\u001b[?1;2c', true], ['\u001b[24;80R', true], ['\u001b[0n', true], ['\u001b[I', true], ['\u001b]11;rgb:0000/0000/0000\u001b\\', true], ['\u001bP1$r0m\u001b\\', true], ['\u001b[?2026;2$y', true], ['\u001b[?1;2c\u001b[>0;276;0c', true],
  ['a', false], ['\r', false], ['\u0003', false], ['\u001b', false], ['\u001b[A', false], ['\u001bOP', false], ['\u001b[3~', false], ['\u001b[1;5C', false], ['\u001b[200~pasted\u001b[201~', false], ['\u001b[<0;1;1M', false],
])('%j is a terminal\'s own answer: %s', (data, expected) => expect(isTerminalAnswer(data)).toBe(expected));
