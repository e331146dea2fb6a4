// Pulls an image from a registry that a lab's name leads to, in that lab's network. Called by api/ for names outside the library's domain.
// All bytes end on the lab's own disk, also when the library has the same; unpacking is done inside the lab. What is untrusted here:
// everything. Nothing is recorded until every layer has been verified twice, by its blob's digest and by its content's.
import type { Host } from '../container/model.ts';
import { chainIds, hexOf, type ChainId, type DiffId, type Digest, type ImageId } from '../content/digest.ts';
import { parsed } from '../content/layout.ts';
import { imageConfigSchema, MEDIA_TYPES, type Descriptor, type ImageConfig, type Manifest } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import type { Credentials } from '../registry/auth.ts';
import { openRegistry, type Registry } from '../registry/client.ts';
import { choose, compressionOf, DOCKER, parseManifest, platformText, type Platform } from '../registry/manifest.ts';
import type { Network } from '../registry/network.ts';
import { localKey } from '../snapshot/layer-path.ts';
import { layerFromArchive, removeLayers } from '../snapshot/layers.ts';
import type { BlobRecords } from './blob-records.ts';
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
export type RemotePull = Remote & {
  /** What this machine runs; `asked` when the user named it. */
  platform: Platform & { asked: boolean };
};

type Found = { digest: Digest; manifest: Manifest; configText: string; config: ImageConfig };
type Missing = { at: number; blob: Descriptor; id: string };

/** With neither tag nor digest every tag of the repository is pulled. */
export async function* pullRemote(reference: Reference, pull: RemotePull): AsyncGenerator<PullMessage, void, void> {
  const registry = await openRegistry(pull.network, reference.domain, pull.credentials, { push: false, ...(pull.signal ? { signal: pull.signal } : {}) });
  try {
    const all = reference.tag === undefined && reference.digest === undefined;
    const wanted = all ? (await registry.tags(reference.path).catch(notFound(`repository ${familiarName(reference)}`))).map(tag => ({ ...reference, tag })) : [reference];
    let newer = false;
    for (const one of wanted) newer = (yield* pullOne(one, registry, pull)) || newer;
    yield { status: `Status: ${newer ? 'Downloaded newer image' : 'Image is up to date'} for ${all ? familiarName(reference) : familiarString(withDefaultTag(reference))}` };
  } finally {
    registry.close();
  }
}

async function* pullOne(reference: Reference, registry: Registry, pull: RemotePull): AsyncGenerator<PullMessage, boolean, void> {
  const found = await look(reference, registry, pull);
  yield { status: `Pulling from ${reference.path}`, id: reference.digest ?? reference.tag! };
  const id = found.manifest.config.digest as string as ImageId;
  const names = { reference: canonicalName(reference), digest: found.digest };
  const known = pull.store.all().find(image => image.id === id);
  let newer = false;
  if (known) newer = await pull.store.add(known, names);
  else yield* telling<PullMessage>(async (tell, signal) => { newer = await fetchImage(id, found, names, { registry, repository: reference.path, name: `${reference.domain}/${reference.path}`, pull, tell, signal }); }, pull.signal);
  yield { status: `Digest: ${found.digest}` };
  return newer;
}

/** Says of what is not there what was looked for. */
const notFound = (what: string) => (error: unknown): never => {
  if (error instanceof SlipwayError && error.kind === 'NotFound') throw new SlipwayError('NotFound', `${what} not found: ${error.message}`);
  throw error;
};

/** Manifest and configuration, verified and fitting each other. */
async function look(reference: Reference, registry: Registry, { platform }: RemotePull): Promise<Found> {
  const top = await registry.manifest(reference.path, reference.digest ?? reference.tag!).catch(notFound(`manifest for ${familiarString(reference)}`));
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

type Fetching = { registry: Registry; repository: string; name: string; pull: RemotePull; tell: (message: PullMessage) => void; signal: AbortSignal };

/** Layers that pulls under way need, of all hosts: a pull that fails takes away only what no other counts on. */
const needed = new Map<string, number>();

async function fetchImage(id: ImageId, { manifest, config, configText }: Found, names: { reference: string; digest: Digest }, fetching: Fetching): Promise<boolean> {
  const { pull: { host, store, records }, tell } = fetching;
  fetching.signal.addEventListener('abort', () => fetching.registry.close(), { once: true });
  const diffIds = config.rootfs.diff_ids;
  const chain = chainIds(diffIds);
  const there = new Map(store.all().flatMap(image => image.layers.map(layer => [layer.chainId, layer] as const)));
  const layers: (ImageLayer | undefined)[] = chain.map(chainId => there.get(chainId));
  const missing: Missing[] = [];
  for (const [at, blob] of manifest.layers.entries()) {
    const short = hexOf(blob.digest).slice(0, 12);
    tell({ status: layers[at] ? 'Already exists' : 'Pulling fs layer', progressDetail: {}, id: short });
    if (!layers[at]) missing.push({ at, blob, id: short });
  }
  for (const { id: short } of missing.slice(AT_A_TIME)) tell({ status: 'Waiting', progressDetail: {}, id: short });

  const keys = missing.map(({ at }) => localKey(chain[at]!));
  const countOf = (key: string) => `${host.ref.lab}/${host.ref.host}/${key}`;
  for (const key of keys) needed.set(countOf(key), (needed.get(countOf(key)) ?? 0) + 1);
  try {
    const turns = missing.map(() => Promise.withResolvers<void>()); // they are complete from the lowest up
    await severalAtATime(AT_A_TIME, missing, async (layer, turn) => {
      try {
        const below = layer.at === 0 ? [] : [{ chainId: chain[layer.at - 1]! }];
        const sizeBytes = await fetchLayer(layer, diffIds[layer.at]!, below, fetching);
        layers[layer.at] = { diffId: diffIds[layer.at]!, chainId: chain[layer.at]!, key: localKey(chain[layer.at]!), sizeBytes };
        await turns[turn - 1]?.promise;
        if (layers.slice(0, layer.at).every(Boolean)) tell({ status: 'Pull complete', progressDetail: {}, id: layer.id });
      } finally {
        turns[turn]!.resolve();
      }
    });
    records.remember(missing.map(({ at, blob }) => ({ diffId: diffIds[at]!, digest: blob.digest, size: blob.size, repository: fetching.name })));
    return await store.add({ id, configText, config, layers: layers as ImageLayer[] }, names);
  } finally {
    for (const key of keys) needed.set(countOf(key), needed.get(countOf(key))! - 1);
    const unneeded = keys.filter(key => needed.get(countOf(key)) === 0);
    for (const key of unneeded) needed.delete(countOf(key));
    await removeLayers(host, unneeded.filter(key => !store.hasLayer(key)));
  }
}

/** Through the lab's own hands onto the lab's own disk; resolves with what its files take. */
async function fetchLayer({ blob, id }: Missing, diffId: DiffId, below: readonly { chainId: ChainId }[], { registry, repository, pull, tell, signal }: Fetching): Promise<number> {
  const report = sparingly(current => tell({ status: 'Downloading', progressDetail: { current, total: blob.size }, progress: progressBar(current, blob.size), id }));
  const blobBytes = registry.blob(repository, blob);
  async function* bytes(): AsyncGenerator<Buffer> {
    let current = 0;
    for (let next = await blobBytes.next(); !next.done; next = await blobBytes.next()) {
      if (signal.aborted) throw new SlipwayError('Unavailable', 'context canceled');
      report(current += next.value.length);
      yield next.value;
    }
    tell({ status: 'Verifying Checksum', progressDetail: {}, id });
    tell({ status: 'Download complete', progressDetail: {}, id });
    tell({ status: 'Extracting', progressDetail: { current: blob.size, total: blob.size }, progress: progressBar(blob.size, blob.size), id });
  }
  try {
    const layer = await layerFromArchive(pull.host, { input: bytes() }, below as ImageLayer[], compressionOf(blob), diffId);
    return layer?.sizeBytes ?? 0;
  } catch (error) {
    // What cannot be unpacked may just not be what was promised: the rest of the bytes tells.
    while (!signal.aborted && !(await blobBytes.next()).done);
    throw error;
  } finally {
    await blobBytes.return(undefined);
  }
}
