import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { layerPath, localKey, lowerDirs, lowerOf, MAX_LAYERS } from './layer-path.ts';

const keys = (count: number) => Array.from({ length: count }, (_, n) => localKey(`sha256:${createHash('sha256').update(String(n)).digest('hex')}`));

test('a few layers go by their own names', () => expect(lowerOf(keys(20))).toEqual({ lower: lowerDirs(keys(20)), before: [] }));

test('as many as an image may have leave room in a mount\'s options, and lead where they should', () => {
  const { lower, before } = lowerOf(keys(MAX_LAYERS));
  expect(lower.length).toBeLessThan(3600);
  const run = before.find(step => step.do === 'run')!;
  const links = run.argv.slice(5);
  const target = new Map(links.flatMap((name, at) => (at % 2 === 0 ? [[name, links[at + 1]!] as const] : [])));
  expect(lower.split(':').map(name => target.get(name))).toEqual(keys(MAX_LAYERS).toReversed().map(layerPath));
});
