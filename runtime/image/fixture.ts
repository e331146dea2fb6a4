// A tiny OCI image layout for the tests beside this: images of one or two layers of a few bytes, some layers shared.
// Layers are no real archives: nothing that is tested here unpacks them.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { digestOfBytes, hexOf, type Digest } from '../content/digest.ts';
import { MEDIA_TYPES, REF_NAME, UNPACKED_SIZE } from '../content/oci.ts';

export type FixtureImage = { names: string[]; layers: string[]; created?: string; labels?: Record<string, string> };

/** Each layer is its text; the same text is the same layer. */
export async function makeLayout(images: FixtureImage[]): Promise<string> {
  const directory = await temporaryDirectory('layout-');
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (mediaType: string, text: string) => {
    const digest = digestOfBytes(text);
    await writeFile(join(blobs, hexOf(digest)), text);
    return { mediaType, digest, size: Buffer.byteLength(text) };
  };
  const manifests = [];
  for (const { names, layers, created = '2026-01-01T00:00:00Z', labels } of images) {
    const config = await put(MEDIA_TYPES.config, JSON.stringify({
      created, architecture: 'amd64', os: 'linux', config: { Cmd: ['sh'], ...(labels ? { Labels: labels } : {}) },
      rootfs: { type: 'layers', diff_ids: layers.map(diffIdOf) },
      history: [...layers.map(layer => ({ created, created_by: `ADD ${layer}` })), { created, created_by: 'CMD ["sh"]', empty_layer: true }],
    }));
    const descriptors = [];
    for (const layer of layers) descriptors.push({ ...await put(MEDIA_TYPES.layerGzip, layer), annotations: { [UNPACKED_SIZE]: String(layer.length * 100) } });
    const manifest = await put(MEDIA_TYPES.manifest, JSON.stringify({ schemaVersion: 2, config, layers: descriptors }));
    manifests.push(...names.map(name => ({ ...manifest, annotations: { [REF_NAME]: name } })));
  }
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  return directory;
}

export const diffIdOf = (layer: string): Digest => digestOfBytes(`unpacked ${layer}`);

/** Gone when the test that asked for it has ended. */
export async function temporaryDirectory(prefix: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), prefix));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
