// The built-in image library: what can be pulled without a network. Reads the OCI layout that set-up made; called by pull.ts.
// Read anew each time, since set-up may have put another library in its place while the engine runs.
import type { Readable } from 'node:stream';
import { chainIds, type DiffId, type Digest, type ImageId } from '../content/digest.ts';
import { openLayout, parsed } from '../content/layout.ts';
import { imageConfigSchema, manifestSchema, REF_NAME, UNPACKED_SIZE, type Descriptor } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import { layerKey } from '../paths.ts';
import type { Image, ImageLayer } from './model.ts';
import { canonicalName, parseReference, type Reference } from './reference.ts';

/** A label: that the image is not the official one of its name but stands in for it, in a sentence that a pull shows. */
const STAND_IN = 'slipway.image.stand-in';

export type LibraryImage = {
  /** The manifest's. */
  descriptor: Descriptor;
  manifestDigest: Digest;
  image: Omit<Image, 'references' | 'lastTagTime' | 'parent'>;
  /** The compressed layers, lowest first, beside image.layers. */
  blobs: Descriptor[];
  /** What a pull says about where it comes from. */
  standIn?: string | undefined;
  /** Its manifest's and its labels. */
  annotations: Record<string, string>;
};

export type Library = {
  /** Undefined when there is no such name or tag. */
  resolve: (reference: Reference) => Promise<LibraryImage | undefined>;
  /** Every name there is, in the library's order. */
  references: () => Promise<Reference[]>;
  /** A layer by its content's digest, as it is compressed; also one of an image that has been replaced or removed since, whose blobs set-up keeps while there are labs. */
  layer: (diffId: DiffId) => Promise<Descriptor | undefined>;
  /** A layer's compressed bytes, verified while they are read. */
  blob: (descriptor: Descriptor) => Readable;
  /** How much is in a layer's blob, as gzip tells at its end: the rest of it by 4 GiB. */
  unpackedSize: (descriptor: Descriptor) => Promise<number>;
};


export function openLibrary(directory: string): Library {
  const layout = openLayout(directory);

  async function entries(): Promise<{ reference: Reference; descriptor: Descriptor }[]> {
    const { manifests } = await layout.index();
    return manifests.flatMap(descriptor => {
      const name = descriptor.annotations?.[REF_NAME];
      return name === undefined ? [] : [{ reference: parseReference(name), descriptor }];
    });
  }

  async function read(descriptor: Descriptor): Promise<LibraryImage> {
    const manifest = await layout.json(descriptor, manifestSchema);
    const configText = await layout.text(manifest.config);
    const config = parsed(imageConfigSchema, configText, manifest.config.digest);
    const diffIds = config.rootfs.diff_ids;
    if (diffIds.length !== manifest.layers.length) throw new SlipwayError('System', `image ${descriptor.digest} has ${manifest.layers.length} layers, but its configuration tells of ${diffIds.length}`);
    const chain = chainIds(diffIds);
    const layers = manifest.layers.map((blob, at): ImageLayer => ({
      diffId: diffIds[at]!, chainId: chain[at]!, key: layerKey(chain[at]!), sizeBytes: Number(blob.annotations?.[UNPACKED_SIZE] ?? blob.size),
    }));
    return { descriptor, manifestDigest: descriptor.digest, image: { id: manifest.config.digest as string as ImageId, configText, config, layers }, blobs: manifest.layers, standIn: config.config.Labels?.[STAND_IN], annotations: { ...config.config.Labels, ...manifest.annotations } };
  }

  type Layers = ReadonlyMap<DiffId, Descriptor>;
  /** Of the index that has these manifests. */
  let known: { of: string; layers: Promise<Layers>; older?: Promise<Layers> } | undefined;
  async function layersOf(manifests: readonly Descriptor[]): Promise<Layers> {
    const layers = new Map<DiffId, Descriptor>();
    for (const { image, blobs } of await Promise.all(manifests.map(read))) for (const [at, { diffId }] of image.layers.entries()) layers.set(diffId, blobs[at]!);
    return layers;
  }
  async function olderLayers(): Promise<Layers> {
    const layers = new Map<DiffId, Descriptor>();
    for (const manifest of await layout.manifests()) {
      const config = await layout.json(manifest.config, imageConfigSchema).catch(() => undefined);
      for (const [at, diffId] of (config?.rootfs.diff_ids ?? []).entries()) if (manifest.layers[at]) layers.set(diffId, manifest.layers[at]);
    }
    return layers;
  }

  return {
    async resolve(reference) {
      const wanted = canonicalName(reference);
      const sameRepository = (other: Reference) => other.domain === reference.domain && other.path === reference.path;
      const found = (await entries()).find(entry => reference.digest === undefined
        ? canonicalName(entry.reference) === wanted
        : sameRepository(entry.reference) && entry.descriptor.digest === reference.digest);
      return found && read(found.descriptor);
    },
    references: async () => (await entries()).map(entry => entry.reference),
    async layer(diffId) {
      const manifests = [...new Map((await entries()).map(({ descriptor }) => [descriptor.digest, descriptor])).values()];
      const of = manifests.map(({ digest }) => digest).join(' ');
      if (known?.of !== of) known = { of, layers: layersOf(manifests) };
      const now = known;
      try {
        return (await now.layers).get(diffId) ?? (await (now.older ??= olderLayers())).get(diffId);
      } catch (error) {
        known = undefined; // set-up is at it
        throw error;
      }
    },
    blob: descriptor => layout.blob(descriptor),
    async unpackedSize(descriptor) { return (await layout.end(descriptor, 4)).readUInt32LE(); },
  };
}
