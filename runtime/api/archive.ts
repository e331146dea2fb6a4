// Archives in requests: whether one is compressed is read from its first bytes, as dockerd does. The unpacking is done inside the lab.

export type Compression = '' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

const MAGIC: [Compression, Buffer][] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])], ['bzip2', Buffer.from('BZh')], ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])], ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];

/** The same bytes, with what compresses them. */
export async function detectCompression(input: AsyncIterable<Buffer>): Promise<{ compression: Compression; input: AsyncIterable<Buffer> }> {
  const iterator = input[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 6) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const found = MAGIC.find(([, magic]) => head.subarray(0, magic.length).equals(magic))?.[0] ?? '';
  return { compression: found, input: again(head, iterator) };
}

async function* again(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void, void> {
  if (head.length) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
