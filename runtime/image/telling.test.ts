import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { severalAtATime, telling } from './telling.ts';

test('what work tells is told in order, and its failure is thrown after that', async () => {
  const told: number[] = [];
  const lines = telling<number>(async tell => {
    for (const n of [1, 2, 3]) {
      tell(n);
      if (n === 2) await pause(5);
    }
    throw new Error('it went wrong');
  });
  await expect((async () => { for await (const n of lines) told.push(n); })()).rejects.toThrow('it went wrong');
  expect(told).toEqual([1, 2, 3]);
});

test('when the reader leaves, the work is told to stop, and has stopped when the reader goes on', async () => {
  let stopped = false;
  for await (const n of telling<number>(async (tell, signal) => {
    tell(1);
    await new Promise(resolve => signal.addEventListener('abort', resolve));
    await pause(5);
    stopped = true;
  })) if (n === 1) break;
  expect(stopped).toBe(true);
});

test('so many run at a time; after a failure nothing new begins', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  await expect(severalAtATime(2, [0, 1, 2, 3, 4], async item => {
    begun.push(item);
    most = Math.max(most, ++running);
    await pause(2);
    running--;
    if (item === 1) throw new Error('one failed');
  })).rejects.toThrow('one failed');
  expect(most).toBe(2);
  expect(begun).not.toContain(4);
  expect(running).toBe(0);
});
