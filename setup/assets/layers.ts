// Unpacks every layer of the image library once, into <pool>/layers/<layerKey>/, an overlay lower directory that all labs share
// read-only. The archive is read by root's set-up, checked against its digests, and unpacked by nobody (shifted.ts).
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { chainIds, type DiffId } from '../../runtime/content/digest.ts';
import { openLayout, type Layout } from '../../runtime/content/layout.ts';
import { imageConfigSchema, manifestSchema, MEDIA_TYPES, type Descriptor } from '../../runtime/content/oci.ts';
import { OVERLAY_XATTRS, toOverlay } from '../../runtime/content/whiteouts.ts';
import { layerKey, layersDir, libraryDir, poolDir, upstreamLayersDir } from '../../runtime/paths.ts';
import { run } from './command.ts';
import { unpackShifted } from './shifted.ts';
import type { Report } from './step.ts';

type LayerToUnpack = { key: string; descriptor: Descriptor; diffId: DiffId };

export async function layersRecipe(): Promise<unknown> {
  return { version: 1, layers: (await libraryLayers(openLayout(libraryDir))).map(layer => [layer.key, layer.descriptor.digest]) };
}

export async function layersPresent(): Promise<boolean> {
  const there = new Set(await readdir(layersDir));
  return (await libraryLayers(openLayout(libraryDir))).every(layer => there.has(layer.key));
}

export async function unpackLayers(report: Report): Promise<void> {
  const layout = openLayout(libraryDir);
  const layers = await libraryLayers(layout);
  for (const [at, layer] of layers.entries()) {
    report(100 * at / layers.length, `unpacking layer ${at + 1} of ${layers.length}`);
    await unpack(layout, layer);
  }
  await removeUnused(new Set(layers.map(layer => layer.key)));
}

/** An image's layers, before anybody can find it in the index. */
export async function unpackImage(layout: Layout, image: Descriptor): Promise<void> {
  await mkdir(layersDir, { recursive: true });
  for (const layer of await imageLayers(layout, image)) await unpack(layout, layer);
}

/** All layers of all images, each once, lower ones first. */
async function libraryLayers(layout: Layout): Promise<LayerToUnpack[]> {
  const layers = new Map<string, LayerToUnpack>();
  for (const descriptor of (await layout.index()).manifests) for (const layer of await imageLayers(layout, descriptor)) layers.set(layer.key, layer);
  return [...layers.values()];
}

async function imageLayers(layout: Layout, image: Descriptor): Promise<LayerToUnpack[]> {
  const manifest = await layout.json(image, manifestSchema);
  const { rootfs } = await layout.json(manifest.config, imageConfigSchema);
  return chainIds(rootfs.diff_ids).map((chainId, at) => ({ key: layerKey(chainId), descriptor: manifest.layers[at]!, diffId: rootfs.diff_ids[at]! }));
}

async function unpack(layout: Layout, { key, descriptor, diffId }: LayerToUnpack): Promise<void> {
  const directory = join(layersDir, key);
  if (await stat(directory).then(() => true, () => false)) return;
  if (descriptor.mediaType !== MEDIA_TYPES.layerGzip) throw new Error(`layer ${descriptor.digest} has the type ${descriptor.mediaType}, which set-up does not unpack`);
  const beside = join(layersDir, `.${key}.new`);
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { mode: 0o755 });
  const archive = pipeline(layout.blob(descriptor), createGunzip(), checkDiffId(diffId), () => {}); // a failure destroys the last, whose reader sees it
  await unpackShifted(toOverlay(archive), beside, { xattrs: OVERLAY_XATTRS });
  await run(['sync', '--file-system', beside]);
  await rename(beside, directory);
}

function checkDiffId(diffId: DiffId): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(`sha256:${hash.digest('hex')}` === diffId ? null : new Error(`a layer's content is not that of ${diffId}`));
    },
  });
}

/** Of any instance, suspended ones too. */
export async function anyLab(): Promise<boolean> {
  const instances = await readdir(join(poolDir, 'labs'));
  const labs = await Promise.all(instances.map(instance => readdir(join(poolDir, 'labs', instance))));
  return labs.some(names => names.length > 0);
}

/** Layers of an older library stay while there is any lab: its host's records may name them. */
async function removeUnused(keys: Set<string>): Promise<void> {
  if (await anyLab()) return;
  for (const name of await readdir(layersDir)) if (!keys.has(name) && name !== basename(dirname(upstreamLayersDir))) await rm(join(layersDir, name), { recursive: true, force: true });
}
