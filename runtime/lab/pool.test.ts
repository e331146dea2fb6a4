import { afterEach, expect, test, vi } from 'vitest';
import { Pool, type PoolSize } from './pool.ts';

let pool: Pool;
afterEach(() => pool.close());

function make(size: PoolSize, makeMs = 0) {
  const made: string[] = [];
  const gone: string[] = [];
  pool = new Pool(size, {
    make: async profile => { await new Promise(resolve => setTimeout(resolve, makeMs)); return made[made.push(`${profile}${made.length}`) - 1]!; },
    dispose: async lab => void gone.push(lab),
    onError: error => { throw error; },
  });
  return { made, gone };
}
const ready = (count: number) => vi.waitFor(() => expect(pool.state.ready).toBe(count));

test('keeps as many ready as it should, and takes their places again', async () => {
  make({ min: 2, max: 2 });
  pool.refill();
  await ready(2);
  expect(pool.take('strict')).toBe('strict0');
  await vi.waitFor(() => expect(pool.take('strict')).toBe('strict1'));
  await ready(2);
});

test('what was asked for lately is made ready, of its own kind, up to the most', async () => {
  make({ min: 0, max: 2 });
  for (let n = 0; n < 8; n++) expect(pool.take('full')).toBeUndefined();
  expect(pool.wanted('full')).toBe(2);
  expect(pool.wanted('strict')).toBe(0);
  await ready(2);
  expect(pool.take('strict')).toBeUndefined();
  expect(pool.take('full')).toBe('full0');
});

test('nothing is made while somebody waits for a lab', async () => {
  const { made } = make({ min: 1, max: 1 });
  await pool.first(async () => {
    pool.refill();
    await new Promise(resolve => setTimeout(resolve, 20));
    expect(made).toEqual([]);
  });
  await ready(1);
});

test('a pool made smaller gives back what is too much', async () => {
  const { gone } = make({ min: 2, max: 2 });
  pool.refill();
  await ready(2);
  pool.resize({ min: 0, max: 0 });
  await ready(0);
  expect(gone).toHaveLength(2);
});
