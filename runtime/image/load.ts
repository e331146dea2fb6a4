// Images out of and into archives, as `docker save`, `load` and `import` have them. Archives are read and written inside the lab, on its disk;
// here only their small metadata is parsed. Called by api/archives.ts.
// https://github.com/moby/moby/blob/v26.1.5/image/spec/spec.md and the OCI image layout beside it
import { z } from 'zod';
import { chainIds, digestOfBytes, hexOf, type ImageId } from '../content/digest.ts';
import { parsed } from '../content/layout.ts';
import { imageConfigSchema } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords, layerFromArchive, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import type { Image, ImageLayer, ImageStore } from './model.ts';
import { canonicalName, familiarString, parseReference, withDefaultTag } from './reference.ts';

const MAX_JSON = 4 << 20; // bytes
const pathSchema = z.string().max(4096);
const manifestSchema = z.array(z.object({ Config: pathSchema, RepoTags: z.array(z.string()).nullish(), Layers: z.array(pathSchema).max(127).nullish(), Parent: z.string().optional() })).max(1000);

export interface LoadOptions { images: ImageStore; input: AsyncIterable<Buffer>; compression: string; signal: AbortSignal; say(text: string): Promise<void> }

/** Records the archive's images one after the other; those before a broken one stay, as with dockerd. */
export async function load(host: Place, options: LoadOptions): Promise<void> {
  const directory = newScratch('load');
  try {
    const unpack = `mkdir -p "$1" || exit 1
plain "$2" | untar --no-same-owner --no-same-permissions -C "$1"`;
    const { code, stderr } = await runScript(host, { argv: script(unpack, directory, options.compression), input: options.input, signal: options.signal });
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || 'the archive could not be read');
    const entries = parsed(manifestSchema, await readJson(host, directory, 'manifest.json'), 'manifest.json');
    for (const entry of entries) {
      const configText = await readJson(host, directory, entry.Config);
      const id = digestOfBytes(configText) as string as ImageId;
      const config = parsed(imageConfigSchema, configText, entry.Config);
      const paths = entry.Layers ?? [];
      if (paths.length !== config.rootfs.diff_ids.length) throw new SlipwayError('InvalidParameter', `invalid manifest, layers length mismatch: expected ${config.rootfs.diff_ids.length}, got ${paths.length}`);
      const layers = await loadLayers(host, options, directory, paths, config.rootfs.diff_ids);
      const parent = options.images.all().some(image => image.id === entry.Parent) ? (entry.Parent as ImageId) : '';
      const names = (entry.RepoTags ?? []).map(tag => withDefaultTag(parseReference(tag)));
      const image = { id, configText, config, layers, parent } as const;
      await options.images.put(image, { names: names.map(canonicalName), events: [{ action: 'load', id, attributes: { ...config.config.Labels, name: id } }] });
      for (const name of names) await options.say(`Loaded image: ${familiarString(name)}\n`);
      if (names.length === 0) await options.say(`Loaded image ID: ${id}\n`);
    }
  } finally {
    await removeScratch(host, directory);
  }
}

/** A layer that this host has already is taken as it is: its content is known by its digest. */
async function loadLayers(host: Place, { images, signal }: LoadOptions, directory: string, paths: readonly string[], diffIds: Image['config']['rootfs']['diff_ids']): Promise<ImageLayer[]> {
  const layers: ImageLayer[] = [];
  for (const [at, chainId] of chainIds(diffIds).entries()) {
    const known = images.all().flatMap(image => image.layers).find(layer => layer.chainId === chainId);
    if (known) {
      layers.push(known);
      continue;
    }
    const path = paths[at]!;
    const found = await runScript(host, { argv: script('resolve "$1" "$2" 1 && [ -f "$1$found" ] || exit 3; head -c 6 "$1$found" | hexdump -ve \'1/1 "%02x"\'; printf " %s" "$1$found"', directory, path), maxBytes: 16 << 10 });
    if (found.code !== 0) throw new SlipwayError('System', `open ${path}: no such file or directory`);
    const magic = found.stdout.slice(0, found.stdout.indexOf(' '));
    const layer = await layerFromArchive(host, { path: found.stdout.slice(magic.length + 1) }, layers, { compression: magic.startsWith('1f8b08') ? 'gzip' : magic.startsWith('28b52ffd') ? 'zstd' : '', expected: diffIds[at]!, signal });
    layers.push(layer!);
  }
  return layers;
}

async function readJson(host: Place, directory: string, path: string): Promise<string> {
  const { code, stdout } = await runScript(host, { argv: script(`resolve "$1" "$2" 1 && [ -f "$1$found" ] || exit 3; head -c ${MAX_JSON + 1} "$1$found"`, directory, path), maxBytes: MAX_JSON + 1024 });
  if (code !== 0) throw new SlipwayError('System', `open ${path}: no such file or directory`);
  if (stdout.length > MAX_JSON) throw new SlipwayError('InvalidParameter', `${path} is larger than ${MAX_JSON} bytes`);
  return stdout;
}

export const blobName = (digest: string) => `blobs/sha256/${hexOf(digest)}`;
