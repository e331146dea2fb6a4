import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { expect, test } from 'vitest';
import { tarHeader } from './tar-header.ts';

test('a header is read by others as it was meant', async () => {
  const name = `blobs/sha256/${'a'.repeat(64)}`;
  const archive = extract();
  Readable.from([tarHeader({ name, size: 5, seconds: 1_700_000_000 }), Buffer.from('hello'.padEnd(512, '\0')), Buffer.alloc(1024)]).pipe(archive);
  for await (const entry of archive) {
    expect(entry.header).toMatchObject({ name, size: 5, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: new Date(1_700_000_000_000) });
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe('hello');
  }
});

test('sizes of many digits fit', () => {
  expect(tarHeader({ name: 'x', size: 2 ** 32, seconds: 0 }).toString('latin1', 124, 136)).toBe('40000000000\0');
});
