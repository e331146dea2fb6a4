// What is read of a lab from outside: at most so often, what the lab itself answers less often, and nothing that is missing taken for an answer.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Found, Reading } from '../../runtime/lab/readings.ts';
import { Outside } from './outside.ts';

beforeEach(() => { vi.useFakeTimers(); vi.setSystemTime(1e12); });
afterEach(() => { vi.useRealTimers(); });

const file: Reading = { kind: 'file', path: '/x', maxBytes: 0 };
const http: Reading = { kind: 'http', port: 80, path: '/' };
const none: Found = { kind: 'none' };

function begin(answer: (reading: Reading) => Found = () => none) {
  const asked: string[][] = [];
  let seq = 0;
  const outside = new Outside(async readings => { asked.push(readings.map(one => one.kind)); seq += 1; return { seq, found: readings.map(answer) }; });
  const read = async (...wanted: Reading[]) => {
    const done = Promise.all([outside.read(wanted, 'silent', () => false), outside.read(wanted, 'asking', () => false)]);
    await vi.advanceTimersByTimeAsync(200);
    return (await done).some(Boolean);
  };
  return { outside, asked, read };
}

test('the same is read once, and known with where the journal was', async () => {
  const { outside, asked, read } = begin();
  expect(await read(file, file)).toBe(true);
  expect(asked).toEqual([['file']]);
  expect(outside.get(file)).toEqual({ found: none, seq: 1, changedSeq: 1 });
  await read(file);
  expect(outside.get(file)).toEqual({ found: none, seq: 2, changedSeq: 1 }); // it has been so since the first time
});

test('what could not be read leaves what was known, as something of the past', async () => {
  let broken = false;
  const { outside, read } = begin(() => (broken ? { kind: 'unknown' } : none));
  await read(file);
  expect(outside.isBehind).toBe(false);
  broken = true;
  await read(file);
  expect(outside.get(file)).toMatchObject({ seq: 1 });
  expect(outside.isBehind).toBe(true);
});

test('what nobody wants any more is forgotten', async () => {
  const { outside, read } = begin();
  await read(file, http);
  await read(http);
  expect(outside.get(file)).toBeUndefined();
});

test('servers are asked less and less often while they say the same, and at once when something has happened', async () => {
  const { outside, asked, read } = begin();
  const times = () => asked.filter(kinds => kinds.includes('http')).length;
  for (let n = 0; n < 30; n++) {
    await read(file, http);
    await vi.advanceTimersByTimeAsync(800);
  }
  expect(asked.filter(kinds => kinds.includes('file'))).toHaveLength(30);
  expect(times()).toBeLessThan(12);
  const before = times();
  outside.hasMoved();
  await read(file, http);
  expect(times()).toBe(before + 1);
});

test('what happens while a server is asked has it asked again', async () => {
  const asked: Reading[] = [];
  const outside = new Outside(async readings => {
    asked.push(...readings);
    await new Promise(resolve => setTimeout(resolve, 50));
    return { seq: 1, found: readings.map(() => none) };
  });
  const first = outside.read([http], 'asking', () => false);
  await vi.advanceTimersByTimeAsync(20);
  outside.hasMoved();
  await vi.advanceTimersByTimeAsync(50);
  await first;
  const second = outside.read([http], 'asking', () => false);
  await vi.advanceTimersByTimeAsync(200);
  await second;
  expect(asked).toHaveLength(2);
});

test('a question that came too soon after another is owed, until it is asked; a lab at rest is left alone', async () => {
  const { outside, asked, read } = begin();
  outside.hasMoved();
  await read(http);
  await read(http);
  expect([asked.length, outside.owesQuestion]).toEqual([1, true]);
  await vi.advanceTimersByTimeAsync(1000);
  await read(http);
  expect([asked.length, outside.owesQuestion]).toEqual([2, false]);
  for (let n = 0; n < 20; n++) {
    await vi.advanceTimersByTimeAsync(1000);
    await read(http);
  }
  expect(outside.owesQuestion).toBe(false);
  await read(http);
  await read(file);
  expect(outside.owesQuestion).toBe(false);
});
