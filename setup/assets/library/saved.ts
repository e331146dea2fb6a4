// Reads what `docker save` writes, of any Docker (its manifest.json names each image's configuration and layers), into layer blobs. Called for what
// the builder has built, and for an operator's own archives. Nothing is unpacked: entries become files of their own under names of ours.
// https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { z } from 'zod';
import { imageConfigSchema } from '../../../runtime/content/oci.ts';
import { writeLayer, type LayerBlob } from './layer.ts';

export type SavedImage = { tags: string[]; configText: string; config: z.infer<typeof imageConfigSchema>; layers: LayerBlob[] };

const manifestSchema = z.array(z.looseObject({ Config: z.string(), RepoTags: z.array(z.string()).nullish(), Layers: z.array(z.string()) }));
const MAX_JSON_BYTES = 4 << 20;

/** `layers` are those that `skip` does not pick by their diff ids, lowest first. With `clamp` no file is younger than the library's time. */
export async function readSaved(archive: Readable, work: string, options: { skip?: (diffId: string) => boolean; clamp?: boolean } = {}): Promise<SavedImage[]> {
  const files = await entriesOf(archive, work, options.skip ?? (() => false));
  const fileAt = (name: string): string => {
    const found = files.get(name);
    if (found === undefined) throw new Error(`the archive names ${name}, which it does not have`);
    return found;
  };
  const manifest = files.get('manifest.json');
  if (!manifest) throw new Error('this is not an archive of docker save: it has no manifest.json');
  const packed = new Map<string, Promise<LayerBlob>>();
  const images: SavedImage[] = [];
  for (const image of manifestSchema.parse(JSON.parse(await readJson(manifest)))) {
    const configText = await readJson(fileAt(image.Config));
    const config = imageConfigSchema.parse(JSON.parse(configText));
    if (config.rootfs.diff_ids.length !== image.Layers.length) throw new Error(`${image.Config} tells of ${config.rootfs.diff_ids.length} layers, manifest.json of ${image.Layers.length}`);
    const layers: LayerBlob[] = [];
    for (const [at, diffId] of config.rootfs.diff_ids.entries()) {
      if (options.skip?.(diffId)) continue; // its file may not have been kept
      const path = fileAt(image.Layers[at]!);
      if (!packed.has(diffId)) packed.set(diffId, uncompressed(path).then(bytes => writeLayer(bytes, path, options)));
      const blob = await packed.get(diffId)!;
      if (!options.clamp && blob.diffId !== diffId) throw new Error(`layer ${at + 1} of ${image.RepoTags?.[0] ?? image.Config} does not have the content that its digest promises`);
      layers.push(blob);
      await rm(path, { force: true });
    }
    images.push({ tags: image.RepoTags ?? [], configText, config, layers });
  }
  return images;
}

/** Every file of the archive by its name, links resolved; layers that are skipped are told by their name, where that is their digest. */
async function entriesOf(archive: Readable, work: string, skip: (diffId: string) => boolean): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const reader = extract();
  const fed = pipeline(archive, reader as unknown as NodeJS.WritableStream);
  fed.catch(() => {}); // the loop sees the same failure
  for await (const entry of reader) {
    const name = posix.normalize(entry.header.name).replace(/^\.?\//, '');
    if (skip(name.replace(/^blobs\/sha256\//, 'sha256:'))) {
      entry.resume();
      continue;
    }
    if (entry.header.type === 'file') {
      const path = join(work, `entry-${files.size}`);
      await pipeline(entry as unknown as Readable, createWriteStream(path));
      files.set(name, path);
      continue;
    }
    // Older Dockers name a layer that was there already by a link.
    if (entry.header.type === 'symlink') links.set(name, posix.normalize(posix.join(posix.dirname(name), entry.header.linkname ?? '')));
    if (entry.header.type === 'link') links.set(name, posix.normalize(entry.header.linkname ?? ''));
    entry.resume();
  }
  await fed;
  for (const [name, target] of links) if (files.has(target)) files.set(name, files.get(target)!);
  return files;
}

async function readJson(path: string): Promise<string> {
  const text = await readFile(path);
  if (text.length > MAX_JSON_BYTES) throw new Error('a description in the archive is longer than 4 MiB');
  return text.toString('utf8');
}

async function uncompressed(path: string): Promise<Readable> {
  const file = await open(path);
  const start = Buffer.alloc(4);
  await file.read(start, 0, 4, 0).finally(() => file.close());
  const bytes = createReadStream(path, { highWaterMark: 1 << 20 });
  const unpack = start.readUInt16BE() === 0x1f8b ? createGunzip() : start.readUInt32LE() === 0xfd2fb528 ? createZstdDecompress() : undefined;
  if (!unpack) return bytes;
  pipeline(bytes, unpack).catch(() => {}); // a failure destroys the result, whose reader sees it
  return unpack;
}
