// Unpacks a layer of an allowed upstream in the lab that was made for it alone. Called by shared-layers.ts, which shares that lab's disk afterwards.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { compressionOf } from '../registry/manifest.ts';
import type { ImageSource } from '../registry/mirror-client.ts';
import { scratchDir } from '../snapshot/layer-path.ts';
import { firstWords } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { told, type Hears, type LayerToFetch } from './local-layers.ts';

/** `path` is the repository; `open` gives the mirror for one layer. */
export type Wanted = LayerToFetch & { domain: string; path: string; lab: string; open: (signal: AbortSignal) => ImageSource };

/** The archive's content must be what the image's configuration says. Resolves with what its files take. */
export async function unpack(place: Place, { blob, path, diffId, below, open }: Wanted, hears: Hears): Promise<number> {
  const body = 'mkdir -p "$1" || exit 1; plain "$2" | (adopt "$1/layer" "$3" "" "$4"); r=$?; rm -rf "$1"; exit $r';
  const source = open(hears.signal);
  const bytes = source.blob(path, blob);
  try {
    const { code, stdout, stderr } = await runScript(place, { argv: script(body, `${scratchDir}/shared`, compressionOf(blob), below[0]?.chainId ?? '', diffId), input: told(bytes, hears), signal: hears.signal });
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || `the layer could not be unpacked (${code})`);
    return z.coerce.number().int().nonnegative().parse(stdout.trim().split(' ')[2]);
  } catch (error) {
    // What cannot be unpacked may just not be what was promised: the rest of the bytes tells.
    while (!hears.signal.aborted && !(await bytes.next()).done);
    throw error;
  } finally {
    source.close();
    await bytes.return(undefined).catch(() => undefined);
  }
}
