// Turns a directory into a layer blob: a tar archive that depends on nothing but the files (sorted names, clamped times, numeric
// owners) and its gzip form. Called by the image recipes; the directory belongs to root and is not a learner's.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, open, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
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

/** Packs `directory` into `<output>.tar.gz`. An overlay's whiteouts in it (char device 0,0) become OCI whiteouts. */
export async function packLayer(directory: string, output: string): Promise<LayerBlob> {
  await convertWhiteouts(directory);
  const unpackedBytes = await sizeOf(directory);
  const archive = `${output}.tar`;
  // pax headers without atime, ctime and process ids: https://reproducible-builds.org/docs/archives/
  await run(['tar', '--create', '--file', archive, '--directory', directory, '--sort=name', '--numeric-owner', '--format=pax',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime', `--mtime=@${SOURCE_DATE_EPOCH}`, '--clamp-mtime', '--transform=s,^\\./,,', '--exclude=./dev/*', '.']);
  const diffId = await digestOf(archive);
  const path = `${archive}.gz`;
  const out = await open(path, 'w', 0o644);
  try {
    await run(['gzip', '--no-name', '-6', '--stdout', archive], { stdout: out.fd });
  } finally {
    await out.close();
  }
  await rm(archive);
  return { path, digest: await digestOf(path), sizeBytes: (await stat(path)).size, diffId, unpackedBytes };
}

export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest('hex')}`;
}

async function sizeOf(directory: string): Promise<number> {
  const seen = new Set<number>();
  let total = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if ((!entry.isFile() && !entry.isSymbolicLink()) || entry.parentPath === join(directory, 'dev')) continue; // packLayer leaves /dev empty
    const { ino, size } = await lstat(join(entry.parentPath, entry.name));
    if (!seen.has(ino)) total += size;
    seen.add(ino);
  }
  return total;
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts */
async function convertWhiteouts(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isCharacterDevice()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await lstat(path)).rdev !== 0) continue;
    await rm(path);
    await writeFile(join(dirname(path), `.wh.${basename(path)}`), '');
  }
}
