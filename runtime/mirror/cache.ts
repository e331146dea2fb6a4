// What the mirror has fetched, as files: blobs by their digest, whole and verified or not there at all; what tags meant, and when that was last looked
// up. Of blobs those go first that were not asked for longest. Called by serve.ts. Losing all of it costs fetching it again.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { digestSchema, hexOf, isDigest } from '../content/digest.ts';
import type { Descriptor } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import type { Manifest } from '../registry/client.ts';
import { json } from '../registry/words.ts';

/** So much is written at a time. */
const PIECE = 1 << 20; // bytes

const entrySchema = z.object({ at: z.number(), manifest: z.object({ mediaType: z.string(), digest: digestSchema, text: z.string() }) });

export interface Cache {
  /** Of `domain/path:tag` or `domain/path@digest`; `at` is when it was looked up. */
  manifest(name: string): Promise<{ at: number; manifest: Manifest } | undefined>;
  keepManifest(name: string, manifest: Manifest): Promise<void>;
  has(digest: string): Promise<boolean>;
  /** Verified while it is read: one that a loss of power has spoilt fails at its end, and is fetched anew the next time. */
  blob(descriptor: Descriptor): Promise<AsyncGenerator<Buffer> | undefined>;
  /** Passes on what it is given and keeps it when it came whole: the giver verifies, and throws otherwise. */
  keep(digest: string, bytes: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer>;
}

export async function openCache(directory: string): Promise<Cache> {
  const [blobs, manifests, unfinished] = ['blobs', 'manifests', 'unfinished'].map(name => join(directory, name)) as [string, string, string];
  await rm(unfinished, { recursive: true, force: true });
  for (const dir of [blobs, manifests, unfinished]) await mkdir(dir, { recursive: true, mode: 0o700 });
  const newFile = () => join(unfinished, randomBytes(8).toString('hex'));
  const fileOf = (name: string) => join(manifests, `${createHash('sha256').update(name).digest('hex')}.json`);
  const blobFile = (digest: string) => (isDigest(digest) ? join(blobs, hexOf(digest)) : undefined);

  async function trim(maxBytes: number) {
    const files = await Promise.all((await readdir(blobs)).map(async name => ({ path: join(blobs, name), ...(await stat(join(blobs, name))) })));
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= maxBytes) return;
      await rm(path, { force: true });
      total -= size;
    }
  }

  return {
    async manifest(name) {
      const text = await readFile(fileOf(name), 'utf8').catch(() => undefined);
      const found = entrySchema.safeParse(json(text ?? ''));
      return found.success ? found.data : undefined;
    },
    async keepManifest(name, manifest) {
      const beside = newFile();
      await writeFile(beside, JSON.stringify({ at: Date.now(), manifest }));
      await rename(beside, fileOf(name));
    },
    has: async digest => stat(blobFile(digest) ?? '').then(() => true, () => false),
    async blob({ digest, size }) {
      const path = blobFile(digest);
      if (path === undefined || !await utimes(path, new Date(), new Date()).then(() => true, () => false)) return undefined;
      if ((await stat(path)).size === size) return verified(path, digest);
      await rm(path, { force: true });
      return undefined;
    },
    async *keep(digest, bytes, maxBytes) {
      const beside = newFile();
      const path = blobFile(digest);
      const file = path === undefined ? undefined : await open(beside, 'wx', 0o600).catch(() => undefined);
      const writing = writeBehind(file);
      try {
        for await (const chunk of bytes) {
          await writing.add(chunk);
          yield chunk;
        }
        if (await writing.end()) {
          await rename(beside, path!);
          await trim(maxBytes);
        }
      } finally {
        await writing.end();
        await file?.close();
        await rm(beside, { force: true });
      }
    },
  };
}

/** Writes in few large pieces, while the next are on their way. `end` says whether all is written: a full disk keeps nobody from their image, and neither does there being no file. */
function writeBehind(file: FileHandle | undefined) {
  let batch: Buffer[] = [];
  let held = 0;
  let good = Promise.resolve(file !== undefined);
  async function flush() {
    const [pieces, size] = [batch, held];
    batch = [];
    held = 0;
    if (!await good || size === 0) return;
    good = file!.writev(pieces).then(({ bytesWritten }) => bytesWritten === size, () => false);
  }
  return {
    async add(chunk: Buffer) {
      batch.push(chunk);
      held += chunk.length;
      if (held >= PIECE) await flush();
    },
    async end() {
      await flush();
      return good;
    },
  };
}

async function* verified(path: string, digest: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: PIECE >> 2 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
  if (`sha256:${hash.digest('hex')}` === digest) return;
  await rm(path, { force: true });
  throw new SlipwayError('System', `filesystem layer verification failed for digest ${digest}`);
}
