import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, pack, type Header } from 'tar-stream';
import { expect, test } from 'vitest';
import { attributesAsBytes } from './pax-bytes.ts';
import { toOverlay } from './whiteouts.ts';

type Entry = { name: string; type?: Header['type']; body?: string; linkname?: string; pax?: Record<string, string> };

/** What a layer with these entries becomes: name → type, body, attributes, in order. */
async function converted(entries: Entry[]) {
  const layer = pack();
  for (const { body, ...header } of entries) layer.entry({ mtime: new Date(0), ...header }, body ?? '');
  layer.finalize();
  const out = extract();
  toOverlay(Readable.from(layer)).pipe(out as unknown as NodeJS.WritableStream);
  const seen: { name: string; type: string; body: string; pax: unknown }[] = [];
  for await (const entry of out) {
    let body = '';
    for await (const chunk of entry) body += String(chunk);
    const pax = Object.fromEntries(Object.entries((entry.header.pax ?? {}) as object).filter(([key]) => key.startsWith('SCHILY')));
    seen.push({ name: entry.header.name.replace(/\/$/, ''), type: entry.header.type, body, pax });
  }
  return seen;
}
const opaque = { 'SCHILY.xattr.user.overlay.opaque': 'y' };

test('files, directories and links pass unchanged', async () => {
  const long = `deep/${'x'.repeat(150)}/file`;
  expect(await converted([{ name: 'etc', type: 'directory' }, { name: 'etc/motd', body: 'hello' }, { name: 'link', type: 'symlink', linkname: 'etc/motd' }, { name: long, body: 'b'.repeat(100_000) }])).toMatchObject([
    { name: 'etc', type: 'directory' }, { name: 'etc/motd', type: 'file', body: 'hello' }, { name: 'link', type: 'symlink' }, { name: long, body: 'b'.repeat(100_000) },
  ]);
});

test('a whiteout becomes the character device 0,0', async () => {
  expect(await converted([{ name: 'etc', type: 'directory' }, { name: 'etc/.wh.motd' }])).toMatchObject([{ name: 'etc' }, { name: 'etc/motd', type: 'character-device' }]);
});

test('an opaque mark becomes an attribute of its directory', async () => {
  const [, last] = await converted([{ name: 'etc', type: 'directory' }, { name: 'etc/.wh..wh..opq' }]);
  expect(last).toMatchObject({ name: 'etc', type: 'directory', pax: opaque });
});

test('a whiteout does not touch what its own layer has: a directory becomes opaque, a file stays', async () => {
  expect(await converted([{ name: '.wh.d' }, { name: 'd', type: 'directory' }])).toMatchObject([{ name: 'd', type: 'character-device' }, { name: 'd', type: 'directory', pax: opaque }]);
  expect((await converted([{ name: 'd', type: 'directory' }, { name: '.wh.d' }])).at(-1)).toMatchObject({ name: 'd', type: 'directory', pax: opaque });
  expect(await converted([{ name: 'f', body: 'x' }, { name: '.wh.f' }])).toMatchObject([{ name: 'f', type: 'file' }]);
});

test('overlay attributes that an archive brings are dropped, aufs records too, a user\'s own stay', async () => {
  const hostile = { 'SCHILY.xattr.user.overlay.redirect': '/secret', 'SCHILY.xattr.trusted.overlay.opaque': 'y', 'SCHILY.xattr.user.overlay.metacopy': '', 'SCHILY.xattr.user.mine': 'yes' };
  expect(await converted([{ name: 'd', type: 'directory', pax: hostile }, { name: '.wh..wh.plnk', type: 'directory' }])).toEqual([
    { name: 'd', type: 'directory', body: '', pax: { 'SCHILY.xattr.user.mine': 'yes' } },
  ]);
});

test('a program\'s capabilities go on', async () => {
  const capable = { 'SCHILY.xattr.security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0' };
  expect(await converted([{ name: 'ping', body: 'x', pax: capable }])).toEqual([{ name: 'ping', type: 'file', body: 'x', pax: capable }]);
});

test('attributes are bytes, of any value, and what is around them stays as it is', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n)).toString('latin1');
  const before = pack();
  before.entry({ name: 'f', pax: { 'SCHILY.xattr.security.capability': bytes, 'SCHILY.xattr.user.word': 'Gr\u00fc\u00dfe' } }, 'x'.repeat(1000));
  before.entry({ name: `d/${'ü'.repeat(200)}` }, 'long');
  before.finalize();
  const archive = await buffer((before as unknown as Readable).pipe(attributesAsBytes()));
  expect(archive.includes(Buffer.from(bytes, 'latin1'))).toBe(true);
  for (const size of [1, 511, 100_000]) {
    const pieces = Array.from({ length: Math.ceil(archive.length / size) }, (_, n) => archive.subarray(n * size, (n + 1) * size));
    const again = await buffer(toOverlay(Readable.from(pieces)));
    expect(again.includes(Buffer.concat([Buffer.from('SCHILY.xattr.security.capability='), Buffer.from(bytes, 'latin1'), Buffer.from('\n')]))).toBe(true);
    const names: string[] = [];
    const reader = extract().on('entry', (header, stream, next) => { names.push(header.name); stream.on('end', next).resume(); });
    await pipeline(Readable.from([again]), reader as unknown as NodeJS.WritableStream);
    expect(names).toEqual(['f', `d/${'ü'.repeat(200)}`]);
  }
});

test('what is no archive is an error, not an empty layer', async () => {
  const out = extract();
  const done = new Promise((resolve, reject) => out.on('error', reject).on('finish', resolve as () => void));
  const overlay = toOverlay(Readable.from([Buffer.alloc(2048, 'x')]));
  overlay.on('error', error => out.destroy(error));
  overlay.pipe(out as unknown as NodeJS.WritableStream);
  await expect(done).rejects.toThrow(/tar/i);
});
