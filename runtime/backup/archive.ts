// The file of a backup: a tar archive under zstd. What has no size beforehand (a disk's stream) lies in it in pieces, `<name>/000000` and so on; an
// entry `end` is the last, so that an archive that was cut off is known for one. Written beside and renamed: FILE is whole or not there.
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { extract, pack, type Pack } from 'tar-stream';
import { SlipwayError } from '../errors.ts';

const PIECE = 4 << 20; // bytes; at most two are held
const END = 'end';

export interface Writer {
  text(name: string, text: string): Promise<void>;
  /** A file as it is now. */
  file(name: string, path: string): Promise<void>;
  /** Bytes of unknown length. */
  stream(name: string, bytes: AsyncIterable<Buffer>): Promise<void>;
}

/** Resolves with the archive's size when it is in its place. Whatever fails, nothing of it is left. */
export async function writeArchive(path: string, work: (writer: Writer) => Promise<void>): Promise<number> {
  const beside = `${path}.part`;
  const tar = pack();
  const written = pipeline(tar, createZstdCompress(), createWriteStream(beside, { mode: 0o600, flags: 'w' }));
  written.catch(error => tar.destroy(error as Error)); // awaited below; whoever is adding an entry must hear of it
  const writer: Writer = {
    text: (name, text) => add(tar, name, Buffer.from(text)),
    async file(name, from) {
      const handle = await open(from);
      try {
        await add(tar, name, await handle.readFile());
      } finally {
        await handle.close();
      }
    },
    async stream(name, bytes) {
      let number = 0;
      for await (const piece of pieces(bytes)) await add(tar, `${name}/${String(number++).padStart(6, '0')}`, piece);
    },
  };
  try {
    await work(writer);
    await add(tar, END, Buffer.alloc(0));
    tar.finalize();
    await written;
    const handle = await open(beside);
    await handle.sync().finally(() => handle.close());
    await rename(beside, path);
    return (await stat(path)).size;
  } catch (error) {
    tar.destroy();
    await written.catch(() => undefined);
    await rm(beside, { force: true });
    throw error;
  }
}

/** Every entry in its order, with its bytes; rejects when the archive is none, damaged, or has no end. */
export async function readArchive(path: string, take: (name: string, bytes: AsyncIterable<Buffer>) => Promise<void>): Promise<void> {
  const reader = extract();
  const reading = pipeline(createReadStream(path), createZstdDecompress(), reader);
  reading.catch(() => undefined); // awaited below
  let whole = false;
  try {
    for await (const entry of reader) {
      const { name } = entry.header;
      if (name === END) whole = true;
      else await take(name, entry as unknown as AsyncIterable<Buffer>);
      entry.resume();
    }
    await reading;
  } catch (error) {
    reader.destroy();
    await reading.catch(() => undefined);
    if (error instanceof SlipwayError) throw error;
    throw new SlipwayError('InvalidParameter', `${path} is no backup of Slipway's, or it is damaged: ${(error as Error).message}`, { cause: error });
  }
  if (!whole) throw new SlipwayError('InvalidParameter', `${path} is not whole: its end is missing`);
}

export async function collect(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of bytes) all.push(chunk);
  return Buffer.concat(all);
}

/** Resolves when the archive has taken it: what comes after waits for the disk. */
const add = (tar: Pack, name: string, content: Buffer) => new Promise<void>((resolve, reject) => {
  tar.entry({ name, mode: 0o600, size: content.length }, error => (error ? reject(error) : resolve())).end(content);
});

async function* pieces(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    held.push(chunk);
    if ((size += chunk.length) < PIECE) continue;
    yield Buffer.concat(held);
    held = [];
    size = 0;
  }
  if (size) yield Buffer.concat(held);
}
