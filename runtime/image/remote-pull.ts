// Pulls an image from a registry: one that a lab's name leads to, in that lab's network and onto that lab's disk (local-layers.ts), or one that the operator
// allows, through the mirror and onto the machine for all labs (shared-layers.ts). Called by api/ for names outside the library. What is untrusted
// here: everything. Nothing is recorded until every layer has been verified by its content's digest.
import type { Host } from '../container/model.ts';
import { chainIds, hexOf, type Digest, type ImageId } from '../content/digest.ts';
import { parsed } from '../content/layout.ts';
import { imageConfigSchema, MEDIA_TYPES, type Descriptor, type ImageConfig, type Manifest } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import type { Credentials } from '../registry/auth.ts';
import { openRegistry } from '../registry/client.ts';
import { choose, compressionOf, DOCKER, parseManifest, platformText, type Platform } from '../registry/manifest.ts';
import type { ImageSource } from '../registry/mirror-client.ts';
import type { Network } from '../registry/network.ts';
import type { BlobRecords } from './blob-records.ts';
import { localLayers, type LayerPlace } from './local-layers.ts';
import type { ImageLayer, ImageStore } from './model.ts';
import { progressBar } from './progress.ts';
import type { PullMessage } from './pull.ts';
import { canonicalName, familiarName, familiarString, withDefaultTag, type Reference } from './reference.ts';
import { severalAtATime, sparingly, telling } from './telling.ts';

/** As dockerd. */
const AT_A_TIME = 3;
const MAX_LAYERS = 125;

/** What images travel with, to a registry and from it. */
export type Remote = {
  host: Pick<Host, 'ref' | 'broker'>;
  store: ImageStore;
  network: Network;
  credentials: Credentials;
  records: BlobRecords;
  signal?: AbortSignal;
};
export type RemotePull = Remote & Pull;
/** Whoever is asked, and wherever layers go. */
export type Pull = Pick<Remote, 'store' | 'records' | 'signal'> & {
  /** What this machine runs; `asked` when the user named it. */
  platform: Platform & { asked: boolean };
};

type Found = { digest: Digest; manifest: Manifest; configText: string; config: ImageConfig };
type Missing = { at: number; blob: Descriptor; id: string };

export async function* pullRemote(reference: Reference, pull: RemotePull): AsyncGenerator<PullMessage, void, void> {
  const registry = await openRegistry(pull.network, reference.domain, pull.credentials, { push: false, ...(pull.signal ? { signal: pull.signal } : {}) });
  yield* pullFrom(reference, registry, localLayers(pull.host, pull.store, registry, reference.path), pull);
}

/** With neither tag nor digest every tag of the repository is pulled. Closes the source. */
export async function* pullFrom(reference: Reference, source: ImageSource, place: LayerPlace, pull: Pull): AsyncGenerator<PullMessage, void, void> {
  try {
    const all = reference.tag === undefined && reference.digest === undefined;
    const wanted = all ? (await source.tags(reference.path).catch(notFound(`repository ${familiarName(reference)}`, reference))).map(tag => ({ ...reference, tag })) : [reference];
    let newer = false;
    for (const one of wanted) newer = (yield* pullOne(one, source, place, pull)) || newer;
    yield { status: `Status: ${newer ? 'Downloaded newer image' : 'Image is up to date'} for ${all ? familiarName(reference) : familiarString(withDefaultTag(reference))}` };
  } finally {
    source.close();
  }
}

async function* pullOne(reference: Reference, source: ImageSource, place: LayerPlace, pull: Pull): AsyncGenerator<PullMessage, boolean, void> {
  const found = await look(reference, source, pull);
  yield { status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag! };
  const id = found.manifest.config.digest as string as ImageId;
  const names = { reference: canonicalName(reference), digest: found.digest };
  const known = pull.store.all().find(image => image.id === id && image.layers.every(layer => place.isWhole(layer.key)));
  let newer = false;
  if (known) newer = await pull.store.add(known, names);
  else yield* telling<PullMessage>(async (tell, signal) => {
    const leave = () => source.close();
    signal.addEventListener('abort', leave, { once: true });
    newer = await fetchImage(id, found, names, { name: `${reference.domain}/${reference.path}`, place, pull, tell, signal });
    signal.removeEventListener('abort', leave); // another tag may follow
  }, pull.signal);
  yield { status: `Digest: ${found.digest}` };
  return newer;
}

/** Says of what is not there, or not for everybody, what was looked for. */
const notFound = (what: string, reference: Reference) => (error: unknown): never => {
  if (error instanceof SlipwayError && error.kind === 'NotFound') throw new SlipwayError('NotFound', `${what} not found: ${error.message}`);
  if (error instanceof SlipwayError && error.kind === 'Forbidden') throw new SlipwayError('NotFound', `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${error.message}`);
  throw error;
};

/** Manifest and configuration, verified and fitting each other. */
async function look(reference: Reference, registry: ImageSource, { platform }: Pull): Promise<Found> {
  const top = await registry.manifest(reference.path, reference.digest ?? reference.tag!).catch(notFound(`manifest for ${familiarString(reference)}`, reference));
  let answer = parseManifest(top);
  if (answer.kind === 'index') answer = parseManifest(await registry.manifest(reference.path, choose(answer.index, platform).digest));
  if (answer.kind === 'index') throw new SlipwayError('System', `${top.digest} is a list of lists of manifests`);
  const { manifest } = answer;
  if (manifest.config.mediaType !== DOCKER.config && manifest.config.mediaType !== MEDIA_TYPES.config) throw new SlipwayError('InvalidParameter', `Encountered remote ${JSON.stringify(manifest.config.mediaType)}(unknown) when fetching`);
  if (manifest.layers.length > MAX_LAYERS) throw new SlipwayError('System', 'max depth exceeded');
  for (const layer of manifest.layers) compressionOf(layer);
  const configText = await registry.text(reference.path, manifest.config);
  const config = parsed(imageConfigSchema, configText, manifest.config.digest);
  if (config.rootfs.diff_ids.length !== manifest.layers.length) throw new SlipwayError('System', 'invalid rootfs in image configuration');
  if (platform.asked && (config.os !== platform.os || config.architecture !== platform.architecture)) {
    throw new SlipwayError('NotFound', `image with reference ${familiarString(reference)} was found but does not match the specified platform: wanted ${platformText(platform)}, actual: ${platformText({ os: config.os, architecture: config.architecture, variant: config.variant })}`);
  }
  return { digest: top.digest, manifest, configText, config };
}

type Fetching = { name: string; place: LayerPlace; pull: Pull; tell: (message: PullMessage) => void; signal: AbortSignal };

async function fetchImage(id: ImageId, { manifest, config, configText }: Found, names: { reference: string; digest: Digest }, { name, place, pull: { store, records }, tell, signal }: Fetching): Promise<boolean> {
  const diffIds = config.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  const there = new Map(store.all().flatMap(image => image.layers.filter(layer => place.isWhole(layer.key)).map(layer => [layer.chainId, layer] as const)));
  const layers: (ImageLayer | undefined)[] = chain.map(chainId => there.get(chainId));
  const missing: Missing[] = [];
  for (const [at, blob] of manifest.layers.entries()) {
    const short = hexOf(blob.digest).slice(0, 12);
    tell({ status: layers[at] ? 'Already exists' : 'Pulling fs layer', progressDetail: {}, id: short });
    if (!layers[at]) missing.push({ at, blob, id: short });
  }
  for (const { id: short } of missing.slice(AT_A_TIME)) tell({ status: 'Waiting', progressDetail: {}, id: short });

  const release = place.hold(missing.map(({ at }) => place.key(chain[at]!)));
  try {
    const turns = missing.map(() => Promise.withResolvers<void>()); // they are complete from the lowest up
    await severalAtATime(AT_A_TIME, missing, async ({ at, blob, id: short }, turn) => {
      try {
        const bar = (status: string, current: number) => tell({ status, progressDetail: { current, total: blob.size }, progress: progressBar(current, blob.size), id: short });
        const say = (status: string) => tell({ status, progressDetail: {}, id: short });
        const sizeBytes = await place.fetch({ blob, diffId: diffIds[at]!, chainId: chain[at]!, below: at === 0 ? [] : [{ chainId: chain[at - 1]! }] }, {
          downloading: sparingly(current => bar('Downloading', current)),
          downloaded() {
            say('Verifying Checksum');
            say('Download complete');
            bar('Extracting', blob.size);
          },
          signal,
        });
        layers[at] = { diffId: diffIds[at]!, chainId: chain[at]!, key: place.key(chain[at]!), sizeBytes };
        await turns[turn - 1]?.promise;
        if (layers.slice(0, at).every(Boolean)) say('Pull complete');
      } finally {
        turns[turn]!.resolve();
      }
    });
    records.remember(missing.filter(({ blob }) => compressionOf(blob) === 'gzip').map( // as a push would send it
      ({ at, blob }) => ({ diffId: diffIds[at]!, digest: blob.digest, size: blob.size, repository: name })));
    return await store.add({ id, configText, config, layers: layers as ImageLayer[] }, names);
  } finally {
    await release();
  }
}
