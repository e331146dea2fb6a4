// Writes an OCI image layout: blobs named by their digest, index.json written last, the whole directory beside and renamed.
// https://github.com/opencontainers/image-spec/blob/v1.1.0/image-layout.md
import { createHash } from 'node:crypto';
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MEDIA_TYPES, REF_NAME, UNPACKED_SIZE } from '../../../runtime/content/oci.ts';
import { CREATED } from './epoch.ts';
import type { LayerBlob } from './layer.ts';

/** One image as a recipe describes it; `layers` and `history` as in its config. */
export type BuiltImage = {
  tags: string[];
  version: string;
  title: string;
  layers: LayerBlob[];
  history: { created_by: string; empty_layer?: boolean; comment?: string }[];
  config: { Env?: string[]; Cmd?: string[]; Entrypoint?: string[]; ExposedPorts?: Record<string, Record<string, never>>; Volumes?: Record<string, Record<string, never>>; StopSignal?: string; WorkingDir?: string; Labels?: Record<string, string> };
};

type Descriptor = { mediaType: string; digest: string; size: number; annotations?: Record<string, string>; platform?: { architecture: string; os: string } };

export async function writeLayout(directory: string, images: BuiltImage[]): Promise<void> {
  const beside = `${directory}.new`;
  const blobs = join(beside, 'blobs/sha256');
  await rm(beside, { recursive: true, force: true });
  await mkdir(blobs, { recursive: true });
  const manifests: Descriptor[] = [];
  for (const image of images) manifests.push(...await writeImage(blobs, image));
  await writeFile(join(beside, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(beside, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }, null, 2));
  await rm(`${directory}.old`, { recursive: true, force: true });
  await rename(directory, `${directory}.old`).catch(() => {}); // the first time there is none
  await rename(beside, directory);
  await rm(`${directory}.old`, { recursive: true, force: true });
}

async function writeImage(blobs: string, image: BuiltImage): Promise<Descriptor[]> {
  const withLayer = image.history.filter(step => !step.empty_layer).length;
  if (withLayer !== image.layers.length) throw new Error(`${image.tags[0]}: ${image.layers.length} layers, but history tells of ${withLayer}`);
  const layers: Descriptor[] = [];
  for (const layer of image.layers) {
    await copyFile(layer.path, join(blobs, layer.digest.slice('sha256:'.length)));
    layers.push({ mediaType: MEDIA_TYPES.layerGzip, digest: layer.digest, size: layer.sizeBytes, annotations: { [UNPACKED_SIZE]: String(layer.unpackedBytes) } });
  }
  const platform = { architecture: architecture(), os: 'linux' };
  const labels = { 'org.opencontainers.image.title': image.title, 'org.opencontainers.image.version': image.version };
  const config = await writeJson(blobs, MEDIA_TYPES.config, {
    created: CREATED, ...platform,
    config: { ...image.config, Labels: { ...labels, ...image.config.Labels } },
    rootfs: { type: 'layers', diff_ids: image.layers.map(layer => layer.diffId) },
    history: image.history.map(step => ({ created: CREATED, ...step })),
  });
  const manifest = await writeJson(blobs, MEDIA_TYPES.manifest, { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers, annotations: labels });
  return image.tags.map(tag => ({ ...manifest, platform, annotations: { [REF_NAME]: tag } }));
}

async function writeJson(blobs: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

/** The specification uses Go's names: https://go.dev/doc/install/source#environment */
export function architecture(): string {
  const name = ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[process.arch];
  if (!name) throw new Error(`There are no images for this processor (${process.arch}); x86-64 and arm64 are supported.`);
  return name;
}
