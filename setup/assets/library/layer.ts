// Turns a directory or an archive into a layer blob: a tar archive that depends on nothing but the files (sorted names, clamped times, numeric
// owners) and its gzip form. Called by the recipes of base images and by saved.ts. Compression is Node's own zlib: the same bytes wherever
// set-up runs, since Node comes with package-lock.json. Level 3 takes a third of level 6's time and 6 % more space.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { extract, pack, type Header } from 'tar-stream';
import { attributesAsBytes, attributesAsText } from '../../../runtime/content/pax-bytes.ts';
import { run } from '../command.ts';
import { SOURCE_DATE_EPOCH } from './epoch.ts';

export type LayerBlob = {
  /** The compressed file; its digest names it in the layout. */
  path: string;
  digest: string;
  sizeBytes: number;
  /** Digest of the archive before compression: https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md#layer-diffid */
  diffId: string;
  /** What its files take; hard links count once, symbolic links their text, as Docker counts. */
  unpackedBytes: number;
};

const GZIP_LEVEL = 3;

/** Packs `directory`, which belongs to root and is not a learner's, into `<output>.tar.gz`. */
export async function packLayer(directory: string, output: string): Promise<LayerBlob> {
  const devices = (await readdir(directory, { recursive: true, withFileTypes: true })).find(entry => entry.isCharacterDevice() && !entry.parentPath.endsWith('/dev'));
  if (devices) throw new Error(`${devices.parentPath}/${devices.name} is a device, which a base image has none of`);
  const archive = `${output}.tar`;
  // pax headers without atime, ctime and process ids: https://reproducible-builds.org/docs/archives/
  await run(['tar', '--create', '--file', archive, '--directory', directory, '--sort=name', '--numeric-owner', '--format=pax',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime', `--mtime=@${SOURCE_DATE_EPOCH}`, '--clamp-mtime', '--transform=s,^\\./,,', '--exclude=./dev/*', '.']);
  const blob = await writeLayer(createReadStream(archive, { highWaterMark: 1 << 20 }), archive);
  await rm(archive);
  return blob;
}

/** An uncompressed archive becomes `<output>.gz`. With `clamp` no file is younger than the library's time, and the diff id is that of the archive so changed. */
export async function writeLayer(archive: Readable, output: string, options: { clamp?: boolean } = {}): Promise<LayerBlob> {
  const path = `${output}.gz`;
  const diffId = createHash('sha256');
  const digest = createHash('sha256');
  const size = { bytes: 0 };
  const gzip = createGzip({ level: GZIP_LEVEL });
  const written = pipeline(gzip, hashing(digest), createWriteStream(path));
  const through = hashing(diffId);
  const packed = pipeline(through, gzip);
  if (options.clamp) await Promise.all([rewrite(archive, through, size), packed, written]);
  else await Promise.all([count(archive, through, size), packed, written]);
  return { path, digest: `sha256:${digest.digest('hex')}`, sizeBytes: (await stat(path)).size, diffId: `sha256:${diffId.digest('hex')}`, unpackedBytes: size.bytes };
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    highWaterMark: 1 << 20,
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}

/** Bytes pass as they are; beside them the archive is read for what its files take. */
async function count(archive: Readable, out: Transform, size: { bytes: number }): Promise<void> {
  const reader = extract();
  const counted = (async () => {
    for await (const entry of reader) {
      size.bytes += bytesOf(entry.header);
      entry.resume();
    }
  })();
  const aside = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (reader.destroyed || reader.write(chunk)) done(null, chunk); // what follows the archive's end is no entry
      else reader.once('drain', () => done(null, chunk));
    },
    flush(done) {
      reader.end(undefined);
      done();
    },
  });
  await Promise.all([pipeline(archive, aside, out), counted]);
}

async function rewrite(archive: Readable, out: Transform, size: { bytes: number }): Promise<void> {
  const reader = extract();
  const writer = pack();
  const youngest = new Date(SOURCE_DATE_EPOCH * 1000);
  const read = pipeline(archive, attributesAsText(), reader as unknown as NodeJS.WritableStream);
  const sent = pipeline(writer as unknown as Readable, attributesAsBytes(), out);
  const rewritten = (async () => {
    for await (const entry of reader) {
      const { pax, ...header } = entry.header as Header & { pax?: Record<string, string> | null };
      const attributes = Object.fromEntries(Object.entries(pax ?? {}).filter(([key]) => key.startsWith('SCHILY.xattr.')));
      size.bytes += bytesOf(header);
      const clamped = { ...header, uname: '', gname: '', mtime: header.mtime && header.mtime < youngest ? header.mtime : youngest, ...(Object.keys(attributes).length ? { pax: attributes } : {}) };
      const done = Promise.withResolvers<void>();
      const target = writer.entry(clamped as Header, error => (error ? done.reject(error) : done.resolve()));
      await Promise.all([pipeline(entry as unknown as Readable, target as unknown as NodeJS.WritableStream), done.promise]);
    }
    writer.finalize();
  })();
  await Promise.all([read, rewritten, sent]);
}

const bytesOf = (header: Header) => (header.type === 'file' || header.type === 'contiguous-file' ? header.size ?? 0 : header.type === 'symlink' ? Buffer.byteLength(header.linkname ?? '') : 0);
