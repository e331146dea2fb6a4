// Pulls an image from the built-in library into a host's store, telling about it in the messages that `docker pull` draws.
// Called by api/ for POST /images/create. What is missing is an error before the first message, so that it can still become a status.
// The layers' files are on this machine already: set-up verified and unpacked them once for all labs, so that no byte of them moves here.
import { SlipwayError } from '../errors.ts';
import { hexOf } from '../content/digest.ts';
import type { Descriptor } from '../content/oci.ts';
import type { Library, LibraryImage } from './library.ts';
import { notInLibrary } from './missing.ts';
import type { ImageStore } from './model.ts';
import { progressBar } from './progress.ts';
import { canonicalName, familiarName, familiarString, type Reference } from './reference.ts';

/** https://github.com/moby/moby/blob/v26.1.5/pkg/jsonmessage/jsonmessage.go */
export type PullMessage = { status: string; id?: string; progressDetail?: { current?: number; total?: number }; progress?: string };

/** As many as dockerd fetches at a time; those beyond say that they wait. */
const AT_A_TIME = 3;

export type PullOptions = { store: ImageStore; library: Library; signal?: AbortSignal };

/** With neither tag nor digest every tag of the repository is pulled (`docker pull -a`). Ends early, with nothing recorded, when aborted. */
export async function* pull(reference: Reference, options: PullOptions): AsyncGenerator<PullMessage, void, void> {
  let newer = false;
  for (const one of await wanted(reference, options.library)) {
    const found = await options.library.resolve(one);
    if (!found) throw notInLibrary(one, await options.library.references());
    newer = (yield* pullOne(one, found, options)) || newer;
  }
  const all = reference.tag === undefined && reference.digest === undefined;
  yield { status: `Status: ${newer ? 'Downloaded newer image' : 'Image is up to date'} for ${all ? familiarName(reference) : familiarString(reference)}` };
}

async function wanted(reference: Reference, library: Library): Promise<Reference[]> {
  if (reference.tag !== undefined || reference.digest !== undefined) return [reference];
  const all = await library.references();
  const tagged = all.filter(other => other.domain === reference.domain && other.path === reference.path);
  if (tagged.length === 0) throw notInLibrary(reference, all);
  return tagged;
}

async function* pullOne(reference: Reference, { manifestDigest, image, blobs, standIn }: LibraryImage, { store, signal }: PullOptions): AsyncGenerator<PullMessage, boolean, void> {
  yield { status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag ?? 'latest' };
  const missing: { blob: Descriptor; id: string }[] = [];
  if (!has(store, image.id)) {
    for (const [at, blob] of blobs.entries()) {
      const id = hexOf(blob.digest).slice(0, 12);
      if (store.hasLayer(image.layers[at]!.key)) yield { status: 'Already exists', progressDetail: {}, id };
      else {
        yield { status: 'Pulling fs layer', progressDetail: {}, id };
        missing.push({ blob, id });
      }
    }
  }
  for (const { id } of missing.slice(AT_A_TIME)) yield { status: 'Waiting', progressDetail: {}, id };
  for (const { blob, id } of missing) {
    if (signal?.aborted) throw new SlipwayError('System', 'context canceled');
    yield { status: 'Verifying Checksum', progressDetail: {}, id };
    yield { status: 'Download complete', progressDetail: {}, id };
    yield { status: 'Extracting', progressDetail: { current: blob.size, total: blob.size }, progress: progressBar(blob.size, blob.size), id };
    yield { status: 'Pull complete', progressDetail: {}, id };
  }
  if (standIn) yield { status: standIn };
  const newer = await store.add(image, { reference: canonicalName(reference), digest: manifestDigest });
  yield { status: `Digest: ${manifestDigest}` };
  return newer;
}

const has = (store: ImageStore, id: string) => store.all().some(image => image.id === id);
