// Labs are looked at when something ran in them, at most once a second each, and all are asked about at once.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Activity } from './activity.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

function begin(labs: number) {
  const ran: (number | null)[] = Array.from({ length: labs }, () => 1);
  const asked: number[] = [];
  const looks = ran.map(() => 0);
  const wants = ran.map(() => true);
  const again = new Set<number>();
  const activity = new Activity(async hosts => { asked.push(hosts.length); return hosts.map(({ lab }) => ran[Number(lab)]!); }, error => { throw error; });
  const ends = ran.map((_, n) => activity.watch({ lab: String(n), host: 'h1' }, { wantsLook: () => (again.has(n) ? 'again' : wants[n]!), look: () => { looks[n]! += 1; } }));
  return { ran, asked, looks, wants, again, ends };
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('labs at rest are looked at once, and then asked about together', async () => {
  const { asked, looks } = begin(100);
  await pass(5_000);
  expect(looks.every(count => count === 1)).toBe(true);
  expect(asked).toEqual(Array.from({ length: 10 }, () => 100));
});

test('a lab in which something runs all the time is looked at once a second', async () => {
  const { ran, looks } = begin(2);
  for (let n = 0; n < 100; n++) {
    ran[0]! += 1;
    await pass(100);
  }
  expect(looks[0]).toBeGreaterThanOrEqual(9);
  expect(looks[0]).toBeLessThanOrEqual(12);
  expect(looks[1]).toBe(1);
});

test('what happens after a rest is noticed within half a second, and so is what follows it', async () => {
  const { ran, looks } = begin(1);
  await pass(3_200);
  for (const wanted of [2, 3]) {
    ran[0]! += 1;
    await pass(500);
    expect(looks[0]).toBe(wanted);
  }
});

test('nobody asks about labs whose tasks need nothing, or that nobody watches', async () => {
  const { asked, wants, ends } = begin(2);
  wants[0] = false;
  await pass(1_000);
  expect(asked).toEqual([1, 1]);
  for (const end of ends) end();
  await pass(5_000);
  expect(asked).toHaveLength(2);
});

test('a reading that failed is made again although nothing runs', async () => {
  const { looks, again } = begin(2);
  await pass(2_000);
  again.add(0);
  await pass(3_000);
  expect(looks[0]).toBeGreaterThanOrEqual(4);
  expect(looks[1]).toBe(1);
});

test('a lab that does not run is left alone', async () => {
  const { ran, looks } = begin(1);
  ran[0] = null;
  await pass(3_000);
  expect(looks[0]).toBe(0);
});
