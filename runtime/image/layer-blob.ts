// A layer as the compressed blob that a registry is sent: the library's own bytes for its layers, else packed by the lab itself from what lies
// on its disk. Called by push.ts. Packing is done in the lab, as everything with a learner's files.
import type { Host } from '../container/model.ts';
import type { Descriptor } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import { streamHelper } from '../kernel/stream.ts';
import { isLocal, localDir } from '../snapshot/layer-path.ts';
import { firstWords, newScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import type { Library } from './library.ts';
import type { ImageLayer } from './model.ts';

export type LayerSource = {
  bytes: (signal: AbortSignal) => AsyncIterable<Buffer>;
  /** When it is known before everything has been sent. */
  descriptor?: Descriptor;
};

/** Layers of the library by their content's digest, as they are in it. */
export async function libraryBlobs(library: Library): Promise<Map<string, Descriptor>> {
  const blobs = new Map<string, Descriptor>();
  for (const reference of await library.references()) {
    const found = await library.resolve(reference);
    for (const [at, blob] of (found?.blobs ?? []).entries()) blobs.set(found!.image.layers[at]!.diffId, blob);
  }
  return blobs;
}

export function layerSource(host: Pick<Host, 'ref' | 'broker'>, layer: ImageLayer, library: Library, blobs: ReadonlyMap<string, Descriptor>): LayerSource {
  if (isLocal(layer.key)) return { bytes: signal => packed(host, layer, signal) };
  const descriptor = blobs.get(layer.diffId);
  if (!descriptor) throw new SlipwayError('System', `layer ${layer.diffId} is no longer in the library`);
  return { descriptor, bytes: () => library.blob(descriptor) };
}

/** The archive is the one that the layer came as, or made anew from its files; compressed, both give the same bytes each time. */
async function* packed(host: Pick<Host, 'ref' | 'broker'>, { key, diffId }: ImageLayer, signal: AbortSignal): AsyncGenerator<Buffer> {
  const body = 'if [ -f "$1/layer.tar" ]; then gzip -4 -c < "$1/layer.tar"; else (pack "$1/diff" "$2/marks") | gzip -4 -c; fi; r=$?; rm -rf "$2"; exit $r';
  const hold = channel();
  const packing = streamHelper(host, { argv: script(body, localDir(key), newScratch('push')), onOutput: chunk => hold.give(chunk), signal });
  const ended = packing.then(({ code, stderr }) => {
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || `layer ${diffId} could not be packed (${code})`);
  }).finally(() => hold.end());
  ended.catch(() => {}); // thrown below
  try {
    yield* hold.taken();
  } finally {
    hold.leave();
  }
  await ended;
}

/** One chunk at a time from hand to hand: the giver waits until it has been taken. */
function channel() {
  let offered: { chunk: Buffer; done: () => void } | undefined;
  let wake = () => {};
  let over = false;
  let left = false;
  return {
    give: (chunk: Buffer) => left ? Promise.reject(new SlipwayError('Unavailable', 'nobody reads on')) : new Promise<void>(resolve => {
      offered = { chunk, done: resolve };
      wake();
    }),
    end() {
      over = true;
      wake();
    },
    leave() {
      left = true;
      offered?.done();
    },
    async *taken(): AsyncGenerator<Buffer> {
      for (;;) {
        if (offered) {
          const { chunk, done } = offered;
          offered = undefined;
          yield chunk;
          done();
        } else if (over) {
          return;
        } else {
          await new Promise<void>(resolve => { wake = resolve; });
        }
      }
    },
  };
}
