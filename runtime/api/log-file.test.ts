import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLog, tailOffset, type ReadOptions } from './log-file.ts';

let dir: string, path: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'slipway-log-')); path = join(dir, 'x-json.log'); });
afterEach(() => rmSync(dir, { recursive: true }));

const line = (text: string, stream = 'stdout') => `${JSON.stringify({ log: text, stream, time: '2026-11-21T04:00:00.000000001Z' })}\n`;
const lines = (count: number) => Array.from({ length: count }, (_, i) => line(`line ${i}\n`)).join('');

async function texts(options: Partial<ReadOptions> = {}): Promise<string[]> {
  const found: string[] = [];
  for await (const batch of readLog(path, { tail: -1, until: null, signal: new AbortController().signal, ...options })) found.push(...batch.map(entry => entry.text));
  return found;
}

test('entries come in order with their stream and time', async () => {
  writeFileSync(path, line('a\n') + line('b\n', 'stderr'));
  const entries = [];
  for await (const batch of readLog(path, { tail: -1, until: null, signal: new AbortController().signal })) entries.push(...batch);
  expect(entries).toEqual([{ stream: 1, text: 'a\n', time: '2026-11-21T04:00:00.000000001Z' }, { stream: 2, text: 'b\n', time: '2026-11-21T04:00:00.000000001Z' }]);
});

test('texts come back as they were, whatever is in them', async () => {
  const odd = ['plain\n', '"quoted"\n', 'back\\slash\n', 'two\nlines\n', 'no end', '\n', '', 'a","stream":"stderr","time":"x"}\n', 'tab\t and \u0001\n', 'ä€😀\n', '\\n\n', 'n\\n'];
  writeFileSync(path, odd.map(text => line(text)).join('') + JSON.stringify({ log: 'with\n', stream: 'stderr', attrs: { a: 'b' }, time: '2026-11-21T04:00:00.000000001Z' }) + '\n');
  expect(await texts()).toEqual([...odd, 'with\n']);
});

test('a container that has written nothing has an empty log', async () => {
  expect(await texts()).toEqual([]);
});

test.each([[0, []], [1, ['line 4999\n']], [3, ['line 4997\n', 'line 4998\n', 'line 4999\n']]])('the last %d entries of many', async (tail, expected) => {
  writeFileSync(path, lines(5000));
  expect(await texts({ tail })).toEqual(expected);
});

test('a tail longer than the log is the whole log', async () => {
  writeFileSync(path, lines(5));
  expect(await texts({ tail: 5 })).toHaveLength(5);
  expect(await texts({ tail: 50 })).toHaveLength(5);
});

test('the tail of a long log is found without reading the rest', async () => {
  writeFileSync(path, lines(200_000));
  const file = await open(path);
  const read = file.read.bind(file);
  let bytes = 0;
  file.read = (async (...args: Parameters<typeof read>) => { const result = await read(...args); bytes += result.bytesRead; return result; }) as typeof file.read;
  expect((await tailOffset(file, 10)).offset).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(200_000);
  await file.close();
});

test('following shows what is appended, and ends after the container has', async () => {
  writeFileSync(path, line('before\n'));
  let stop = () => {};
  const until = new Promise<void>(resolve => { stop = resolve; });
  const found: string[] = [];
  for await (const batch of readLog(path, { tail: -1, until, signal: new AbortController().signal })) {
    found.push(...batch.map(entry => entry.text));
    if (found.at(-1) === 'before\n') appendFileSync(path, line('after\n'));
    else if (found.at(-1) === 'after\n') { appendFileSync(path, line('last\n')); stop(); }
  }
  expect(found).toEqual(['before\n', 'after\n', 'last\n']);
});

test('following ends when the client leaves', async () => {
  writeFileSync(path, line('a\n'));
  const client = new AbortController();
  for await (const _ of readLog(path, { tail: -1, until: new Promise(() => {}), signal: client.signal })) client.abort();
  expect(client.signal.aborted).toBe(true);
});

test('an entry that is not complete yet is not shown in halves', async () => {
  const whole = line('whole\n');
  writeFileSync(path, whole.slice(0, 10));
  let stop = () => {};
  const until = new Promise<void>(resolve => { stop = resolve; });
  setImmediate(() => { appendFileSync(path, whole.slice(10)); stop(); });
  expect(await texts({ until })).toEqual(['whole\n']);
});

test('a log in several files is one log', async () => {
  writeFileSync(`${path}.2`, lines(3).replaceAll('line ', 'oldest '));
  writeFileSync(`${path}.1`, lines(3).replaceAll('line ', 'older '));
  writeFileSync(path, lines(2));
  const whole = ['oldest 0\n', 'oldest 1\n', 'oldest 2\n', 'older 0\n', 'older 1\n', 'older 2\n', 'line 0\n', 'line 1\n'];
  expect(await texts({ older: 3 })).toEqual(whole);
  for (const tail of [0, 1, 2, 3, 5, 6, 8, 9]) expect(await texts({ older: 3, tail })).toEqual(tail ? whole.slice(-tail) : []);
});

test('following goes on when what was read has moved to the next file', async () => {
  writeFileSync(`${path}.1`, '');
  writeFileSync(path, lines(2));
  let stop = () => {};
  const until = new Promise<void>(resolve => { stop = resolve; });
  const found: string[] = [];
  for await (const batch of readLog(path, { tail: -1, until, signal: new AbortController().signal, older: 1 })) {
    found.push(...batch.map(entry => entry.text));
    if (found.at(-1) === 'line 1\n') {
      writeFileSync(`${path}.1`, lines(2) + line('unread\n'));
      writeFileSync(path, line('new\n'));
    }
    if (found.at(-1) === 'new\n') stop();
  }
  expect(found).toEqual(['line 0\n', 'line 1\n', 'unread\n', 'new\n']);
});
