import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

test('of a lab so many at a time, in order; another lab does not wait; what fails gives its place on', async () => {
  const turns = new Turns(2);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const begin = (lab: string, name: string) => turns.take(lab, () => {
    begun.push(name);
    const end = Promise.withResolvers<void>();
    ends.set(name, end);
    return end.promise;
  });
  const all = ['a1', 'a2', 'a3', 'a4'].map(name => begin('a', name));
  const other = begin('b', 'b1');
  await Promise.resolve();
  expect(begun).toEqual(['a1', 'a2', 'b1']);
  ends.get('a2')!.reject(new Error('failed'));
  await expect(all[1]).rejects.toThrow('failed');
  expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
  for (const name of ['a1', 'a3', 'a4', 'b1']) {
    ends.get(name)?.resolve();
    await new Promise(resolve => setImmediate(resolve));
  }
  await Promise.all([all[0], all[2], all[3], other]);
  expect(begun.at(-1)).toBe('a4');
});
