// Where a pull from a lab's own registry puts layers: on that lab's disk, unpacked by that lab's hands, also when the machine has the same. Called by
// remote-pull.ts. Bytes are verified twice, by their blob's digest and by their content's.
import type { Host } from '../container/model.ts';
import type { DiffId } from '../content/digest.ts';
import type { Descriptor } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import type { Registry } from '../registry/client.ts';
import { compressionOf } from '../registry/manifest.ts';
import { localKey } from '../snapshot/layer-path.ts';
import { layerFromArchive, removeLayers } from '../snapshot/layers.ts';
import type { ChainId } from '../content/digest.ts';
import type { ImageLayer, ImageStore } from './model.ts';

export type LayerToFetch = { blob: Descriptor; diffId: DiffId; chainId: ChainId; below: readonly { chainId: ChainId }[] };
export type Hears = { downloading(bytes: number): void; downloaded(): void; signal: AbortSignal };

/** Where a pull puts what the host lacks. */
export interface LayerPlace {
  key(chainId: ChainId): string;
  /** True when the files of a layer that an image has are where they should be. */
  isWhole(key: string): boolean;
  /** Resolves with what its files take. */
  fetch(layer: LayerToFetch, hears: Hears): Promise<number>;
  /** A pull counts on them until this is called: then those that no image has taken may go. */
  hold(keys: readonly string[]): () => Promise<void>;
}

/** Layers that pulls under way need, of all hosts: a pull that fails takes away only what no other counts on. */
const needed = new Map<string, number>();

export function localLayers(host: Pick<Host, 'ref' | 'broker'>, store: ImageStore, registry: Pick<Registry, 'blob'>, repository: string): LayerPlace {
  const countOf = (key: string) => `${host.ref.lab}/${host.ref.host}/${key}`;
  return {
    key: localKey,
    isWhole: () => true,
    hold(keys) {
      for (const key of keys) needed.set(countOf(key), (needed.get(countOf(key)) ?? 0) + 1);
      return async () => {
        for (const key of keys) needed.set(countOf(key), needed.get(countOf(key))! - 1);
        const unneeded = keys.filter(key => needed.get(countOf(key)) === 0);
        for (const key of unneeded) needed.delete(countOf(key));
        await removeLayers(host, unneeded.filter(key => !store.hasLayer(key)));
      };
    },
    async fetch({ blob, diffId, below }, hears) {
      const blobBytes = registry.blob(repository, blob);
      try {
        const layer = await layerFromArchive(host, { input: told(blobBytes, hears) }, below as ImageLayer[], { compression: compressionOf(blob), expected: diffId });
        return layer?.sizeBytes ?? 0;
      } catch (error) {
        // What cannot be unpacked may just not be what was promised: the rest of the bytes tells.
        while (!hears.signal.aborted && !(await blobBytes.next()).done);
        throw error;
      } finally {
        await blobBytes.return(undefined);
      }
    },
  };
}

/** The same bytes, with somebody listening. */
export async function* told(bytes: AsyncGenerator<Buffer>, { downloading, downloaded, signal }: Hears): AsyncGenerator<Buffer> {
  let current = 0;
  for (let next = await bytes.next(); !next.done; next = await bytes.next()) {
    if (signal.aborted) throw new SlipwayError('Unavailable', 'context canceled');
    downloading(current += next.value.length);
    yield next.value;
  }
  downloaded();
}
