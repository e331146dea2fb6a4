import { expect, test } from 'vitest';
import { Newest } from './newest.ts';

test('of too many the oldest go, and of too large ones; the newest is always there', () => {
  const kept = new Newest<string>({ items: 3, bytes: 100 });
  for (const item of ['a', 'b', 'c', 'd']) kept.push(item, 10);
  expect(kept.items).toEqual(['b', 'c', 'd']);
  kept.push('e', 85);
  expect(kept.items).toEqual(['d', 'e']);
  kept.push('f', 1000);
  expect(kept.items).toEqual(['f']);
  kept.push('g', 1);
  expect(kept.items).toEqual(['g']);
});
