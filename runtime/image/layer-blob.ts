// A layer as the compressed blob that a registry is sent: the library's own bytes for its layers, else packed by the lab itself from what lies
// on its disk. Called by push.ts. Packing is done in the lab, as everything with a learner's files.
import type { Host } from '../container/model.ts';
import type { Descriptor } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import { compressionOf } from '../registry/manifest.ts';
import { streamHelper } from '../kernel/stream.ts';
import { isLocal, isUpstream, localDir } from '../snapshot/layer-path.ts';
import { firstWords, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import type { Library } from './library.ts';
import type { Mirror } from './mirror.ts';
import type { ImageLayer } from './model.ts';

export type LayerSource = {
  bytes: (signal: AbortSignal) => AsyncIterable<Buffer>;
  /** When it is known before everything has been sent. */
  descriptor?: Descriptor;
};

export async function layerSource(host: Pick<Host, 'ref' | 'broker'>, layer: ImageLayer, { library, mirror }: { library: Library; mirror: Mirror }): Promise<LayerSource> {
  if (isLocal(layer.key)) return { bytes: signal => packed(host, layer, signal) };
  if (isUpstream(layer.key)) {
    const shared = mirror.blob(layer.diffId);
    if (!shared) throw new SlipwayError('System', `layer ${layer.diffId} is no longer on this machine: pull its image again`);
    // A registry is told that every layer is gzip's.
    const compression = compressionOf(shared.descriptor);
    if (compression === 'gzip') return shared;
    return { bytes: signal => made(host, { argv: script('plain "$1" | gz', compression), input: shared.bytes(signal), signal, what: layer.diffId }) };
  }
  const descriptor = await library.layer(layer.diffId);
  if (!descriptor) throw new SlipwayError('System', `layer ${layer.diffId} is no longer on this machine: pull its image again`);
  return { descriptor, bytes: () => library.blob(descriptor) };
}

/** What came with gzip goes as it came; what is in it is looked at beside. */
const PACK_BLOB = `mkdir -p "$2" || exit 1
if [ -f "$1/layer.tar.gz" ]; then
  (set -o pipefail; ungzip < "$1/layer.tar.gz" | through "$2/sum" "" > /dev/null) & looking=$!
  cat "$1/layer.tar.gz" && wait $looking; r=$?
else
  packed_layer "$1" "$2/marks" | through "$2/sum" "" | gz; r=$?
fi
[ $r != 0 ] || { sum_in "$2/sum" && [ "$sum" = "$3" ]; } || { echo "layer $3 is no longer what it was: its files have been changed" >&2; r=1; }
rm -rf "$2"; exit $r`;

/** The archive is the one that the layer came as, or made anew from its files, and the same bytes each time; one that is not what its digest says fails at its end. */
async function* packed(host: Pick<Host, 'ref' | 'broker'>, { key, diffId }: ImageLayer, signal: AbortSignal): AsyncGenerator<Buffer> {
  const scratch = newScratch('push');
  let whole = false;
  try {
    yield* made(host, { argv: script(PACK_BLOB, localDir(key), scratch, diffId), signal, what: diffId });
    whole = true;
  } finally {
    if (!whole) await removeScratch(host, scratch); // it was cut off before it could tidy up
  }
}

/** What a helper in the lab writes. */
async function* made(host: Pick<Host, 'ref' | 'broker'>, { what, ...options }: { argv: string[]; input?: AsyncIterable<Buffer>; signal: AbortSignal; what: string }): AsyncGenerator<Buffer> {
  const hold = channel();
  const ended = streamHelper(host, { ...options, onOutput: chunk => hold.give(chunk) }).then(({ code, stderr }) => {
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || `layer ${what} could not be packed (${code})`);
  }).finally(() => hold.end());
  ended.catch(() => {}); // thrown below
  try {
    yield* hold.taken();
  } finally {
    hold.leave();
    await ended.catch(() => undefined);
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
