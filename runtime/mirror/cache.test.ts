import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { digestOfBytes, hexOf } from '../content/digest.ts';
import type { Descriptor } from '../content/oci.ts';
import { openCache } from './cache.ts';

let place: string;
beforeEach(() => { place = mkdtempSync(join(tmpdir(), 'slipway-cache-')); });
afterEach(() => rmSync(place, { recursive: true }));

const describe = (text: string) => ({ mediaType: 'x', digest: digestOfBytes(text), size: text.length }) as Descriptor;
async function* parts(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) {
    if (text === 'breaks') throw new Error('broken off');
    yield Buffer.from(text);
  }
}
const read = async (bytes: AsyncIterable<Buffer> | undefined) => {
  let text = '';
  for await (const chunk of bytes ?? []) text += chunk.toString();
  return bytes && text;
};
const files = () => ['blobs', 'unfinished'].flatMap(name => readdirSync(join(place, name)));

test('what came whole is kept; what broke off, or was left, is not', async () => {
  const cache = await openCache(place);
  expect(await cache.blob(describe('one two'))).toBeUndefined();
  expect(await read(cache.keep(describe('one two').digest, parts('one ', 'two'), 1000))).toBe('one two');
  expect(await cache.has(describe('one two').digest)).toBe(true);
  expect(await read(await cache.blob(describe('one two')))).toBe('one two');
  await expect(read(cache.keep(describe('three').digest, parts('thr', 'breaks'), 1000))).rejects.toThrow('broken off');
  for await (const _ of cache.keep(describe('four').digest, parts('fo', 'ur'), 1000)) break;
  expect(files()).toEqual([hexOf(describe('one two').digest)]);
});

test('those that were asked for longest ago go when there is no room', async () => {
  const cache = await openCache(place);
  for (const [at, text] of ['aaaa', 'bbbb', 'cccc'].entries()) {
    await read(cache.keep(describe(text).digest, parts(text), 1000));
    utimesSync(join(place, 'blobs', hexOf(describe(text).digest)), at, at);
  }
  await read(await cache.blob(describe('aaaa')));
  await read(cache.keep(describe('dddd').digest, parts('dddd'), 12));
  expect(await Promise.all(['aaaa', 'bbbb', 'cccc', 'dddd'].map(text => cache.has(describe(text).digest)))).toEqual([true, false, true, true]);
});

test('what the disk has spoilt is not given out twice', async () => {
  const cache = await openCache(place);
  const file = (text: string) => join(place, 'blobs', hexOf(describe(text).digest));
  writeFileSync(file('short'), '');
  expect(await cache.blob(describe('short'))).toBeUndefined();
  writeFileSync(file('wrong'), 'w.ong');
  await expect(cache.blob(describe('wrong')).then(read)).rejects.toThrow(`filesystem layer verification failed for digest ${describe('wrong').digest}`);
  expect(files()).toEqual([]);
  await cache.keepManifest('a/b:c', { mediaType: 'x', digest: describe('{}').digest, text: '{}' });
  expect((await cache.manifest('a/b:c'))!.manifest.text).toBe('{}');
  for (const name of readdirSync(join(place, 'manifests'))) writeFileSync(join(place, 'manifests', name), '');
  expect(await cache.manifest('a/b:c')).toBeUndefined();
});

test('what was being fetched when the mirror ended is gone with the next', async () => {
  await openCache(place);
  writeFileSync(join(place, 'unfinished', 'half'), 'ha');
  await openCache(place);
  expect(files()).toEqual([]);
});
