// Unpacks a layer of an allowed upstream in the lab that was made for it alone. Called by shared-layers.ts, which shares that lab's disk afterwards.
import type { Place } from '../kernel/stream.ts';
import { compressionOf } from '../registry/manifest.ts';
import type { ImageSource } from '../registry/mirror-client.ts';
import { layerFromArchive } from '../snapshot/layers.ts';
import { told, type Hears, type LayerToFetch } from './local-layers.ts';
import type { ImageLayer } from './model.ts';

/** `path` is the repository; `open` gives the mirror for one layer. */
export type Wanted = LayerToFetch & { domain: string; path: string; lab: string; open: (signal: AbortSignal) => ImageSource };

/** The archive's content must be what the image's configuration says. Resolves with what its files take. */
export async function unpack(place: Place, { blob, path, diffId, below, open }: Wanted, hears: Hears): Promise<number> {
  const source = open(hears.signal);
  const bytes = source.blob(path, blob);
  try {
    // Whoever needs the archive once more has it from the mirror.
    const layer = await layerFromArchive(place, { input: told(bytes, hears) }, below as ImageLayer[], { compression: compressionOf(blob), expected: diffId, keep: false, signal: hears.signal });
    return layer?.sizeBytes ?? 0;
  } catch (error) {
    // What cannot be unpacked may just not be what was promised: the rest of the bytes tells.
    while (!hears.signal.aborted && !(await bytes.next()).done);
    throw error;
  } finally {
    source.close();
    await bytes.return(undefined).catch(() => undefined);
  }
}
