// Writes the image library, an OCI image layout that engines read all the time: blobs come first, then the layers' unpacked files, then a new
// index.json takes the old one's place. https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
// Whoever calls holds the lock of set-up (lock.ts).
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openLayout } from '../../../runtime/content/layout.ts';
import { imageConfigSchema, manifestSchema, MEDIA_TYPES, REF_NAME, UNPACKED_SIZE, type Descriptor, type ImageConfig } from '../../../runtime/content/oci.ts';
import { libraryDir } from '../../../runtime/paths.ts';
import { anyLab, unpackImage } from '../layers.ts';
import { writeWhole } from '../step.ts';
import { CREATED } from './epoch.ts';
import type { LayerBlob } from './layer.ts';

/** On an entry of the index: the recipe that it was made by, and the hash of all that it was made from; or whose it is. */
export const RECIPE = 'slipway.image.recipe';
export const RECIPE_HASH = 'slipway.image.recipe-hash';
export const OPERATORS = 'slipway.image.operators';

/** A layer that has to be written, or one that the library has. */
export type ImageLayer = LayerBlob | { descriptor: Descriptor; diffId: string };

export type BuiltImage = {
  tags: string[];
  layers: ImageLayer[];
  /** Of the index entries. */
  annotations: Record<string, string>;
  /** Of the manifest, beside its labels. */
  notes?: Record<string, string>;
} & ({
  /** As in the image's configuration, which gets the library's time. */
  config: Record<string, unknown>;
  history: Record<string, unknown>[];
} | {
  /** The configuration itself, whose digest is the image's id. */
  configText: string;
});

export const layout = openLayout(libraryDir);

/** Entries of the index; none when there is no library yet. */
export async function entries(): Promise<Descriptor[]> {
  const there = await stat(join(libraryDir, 'index.json')).then(() => true, () => false);
  return there ? (await layout.index()).manifests : [];
}

/** The image of a name, with what another one that is built upon it needs to know. */
export async function find(name: string): Promise<{ config: ImageConfig; layers: { descriptor: Descriptor; diffId: string }[] } | undefined> {
  const entry = (await entries()).find(one => one.annotations?.[REF_NAME] === name);
  if (!entry) return undefined;
  const manifest = await layout.json(entry, manifestSchema);
  const config = await layout.json(manifest.config, imageConfigSchema);
  return { config, layers: manifest.layers.map((descriptor, at) => ({ descriptor, diffId: config.rootfs.diff_ids[at]! })) };
}

/** Adds the images; entries that `replaces` picks go, as do those of the same tags. Built-in images leave an operator's tags alone. */
export async function publish(images: readonly BuiltImage[], replaces: (entry: Descriptor) => boolean): Promise<void> {
  await mkdir(join(libraryDir, 'blobs/sha256'), { recursive: true });
  await writeWhole(join(libraryDir, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const kept = (await entries()).filter(entry => !replaces(entry));
  const operators = new Set(kept.filter(entry => entry.annotations?.[OPERATORS]).map(entry => entry.annotations![REF_NAME]));
  const added: Descriptor[] = [];
  for (const image of images) {
    const descriptor = await writeImage(image);
    await unpackImage(layout, descriptor);
    for (const tag of image.tags) if (image.annotations[OPERATORS] || !operators.has(tag)) added.push({ ...descriptor, annotations: { [REF_NAME]: tag, ...image.annotations } });
  }
  const tags = new Set(added.map(entry => entry.annotations![REF_NAME]));
  await writeIndex([...kept.filter(entry => !tags.has(entry.annotations?.[REF_NAME] ?? '')), ...added]);
}

export async function writeIndex(manifests: readonly Descriptor[]): Promise<void> {
  await writeWhole(join(libraryDir, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }, null, 2));
}

/** Blobs of no image go, unless there are labs: one may have pulled an image that has been replaced since, and push or save it. */
export async function removeUnusedBlobs(): Promise<void> {
  if (await anyLab()) return;
  const used = new Set<string>();
  for (const entry of await entries()) {
    const manifest = await layout.json(entry, manifestSchema);
    for (const { digest } of [entry, manifest.config, ...manifest.layers]) used.add(digest.slice('sha256:'.length));
  }
  const blobs = join(libraryDir, 'blobs/sha256');
  for (const name of await readdir(blobs)) if (!used.has(name)) await rm(join(blobs, name), { force: true });
}

async function writeImage(image: BuiltImage): Promise<Descriptor> {
  const platform = { architecture: architecture(), os: 'linux' };
  const text = 'configText' in image ? image.configText : JSON.stringify({
    created: CREATED, ...platform, config: image.config, rootfs: { type: 'layers', diff_ids: image.layers.map(layer => layer.diffId) }, history: image.history,
  });
  const { config, history, rootfs } = imageConfigSchema.parse(JSON.parse(text));
  const withLayer = history.filter(step => !step.empty_layer).length;
  if (rootfs.diff_ids.length !== image.layers.length || (withLayer > 0 && withLayer !== image.layers.length)) throw new Error(`${image.tags[0]}: ${image.layers.length} layers, but its configuration tells of ${rootfs.diff_ids.length}, its history of ${withLayer}`);
  const layers: Descriptor[] = [];
  for (const layer of image.layers) {
    if ('descriptor' in layer) {
      layers.push(layer.descriptor);
      continue;
    }
    await placeBlob(layer.digest, path => copyFile(layer.path, path));
    layers.push({ mediaType: MEDIA_TYPES.layerGzip, digest: layer.digest as Descriptor['digest'], size: layer.sizeBytes, annotations: { [UNPACKED_SIZE]: String(layer.unpackedBytes) } });
  }
  const annotations = Object.fromEntries(Object.entries({ ...config.Labels, ...image.notes }).filter(([name]) => name.startsWith('org.opencontainers.image.') || name.startsWith('slipway.')));
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config: await placeText(MEDIA_TYPES.config, text), layers, annotations };
  return { ...await placeText(MEDIA_TYPES.manifest, JSON.stringify(manifest)), platform };
}

async function placeText(mediaType: string, text: string): Promise<Descriptor> {
  const bytes = Buffer.from(text);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await placeBlob(digest, path => writeWhole(path, bytes));
  return { mediaType, digest: digest as Descriptor['digest'], size: bytes.length };
}

/** A blob that is there is right: it came whole. */
async function placeBlob(digest: string, write: (path: string) => Promise<void>): Promise<void> {
  const path = join(libraryDir, 'blobs/sha256', digest.slice('sha256:'.length));
  if (await stat(path).then(() => true, () => false)) return;
  await write(`${path}.new`);
  await rename(`${path}.new`, path);
}

/** The specification uses Go's names: https://go.dev/doc/install/source#environment */
export function architecture(): string {
  const name = ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch];
  if (!name) throw new Error(`There are no images for this processor (${process.arch}); x86-64 and arm64 are supported.`);
  return name;
}

/** A file of an image as it lies in the library's unpacked layers, the uppermost first. */
export async function fileOf(layerDirectories: readonly string[], path: string): Promise<string> {
  for (const directory of layerDirectories.toReversed()) {
    const text = await readFile(join(directory, path), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  throw new Error(`no layer has ${path}`);
}
