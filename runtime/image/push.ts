// Pushes an image to a registry that a lab's name leads to, in that lab's network. Called by api/ for POST /images/{name}/push; all messages
// and errors after the first are part of the stream, as dockerd has them. Nothing is read of layers that the registry has already.
import { createHash } from 'node:crypto';
import { digestOfBytes, type Digest } from '../content/digest.ts';
import { SlipwayError } from '../errors.ts';
import { openRegistry, type Registry } from '../registry/client.ts';
import { DOCKER, writeManifest } from '../registry/manifest.ts';
import { layerSource, type LayerSource } from './layer-blob.ts';
import type { Library } from './library.ts';
import type { Mirror } from './mirror.ts';
import type { Image, ImageLayer } from './model.ts';
import { progressBar } from './progress.ts';
import type { PullMessage } from './pull.ts';
import { canonicalName, DEFAULT_DOMAIN, familiarName, parseReference, type Reference } from './reference.ts';
import type { Remote } from './remote-pull.ts';
import { severalAtATime, sparingly, telling } from './telling.ts';

/** As dockerd. */
const AT_A_TIME = 5;
/** Neighbouring repositories that are asked for a layer. */
const MOUNT_TRIES = 3;

export type PushMessage = PullMessage | { progressDetail: object; aux: { Tag: string; Digest: string; Size: number } };

export type Push = Remote & {
  library: Library;
  mirror: Mirror;
  /** After a tag has been pushed. */
  onPushed(image: Image, reference: Reference): void;
};

type Blob = { digest: string; size: number };
/** `name` is the repository with its registry, as blob records have it. */
type Pushing = { registry: Registry; domain: string; repository: string; name: string; push: Push; tell: (message: PushMessage) => void; signal: AbortSignal };

/** Without a tag every tag of the repository is pushed (`docker push -a`). */
export async function* pushImage(reference: Reference, push: Push): AsyncGenerator<PushMessage, void, void> {
  const { domain, path } = reference;
  yield { status: `The push refers to repository [${domain}/${path}]` };
  const wanted = push.store.all().flatMap(image => image.references.map(name => ({ image, reference: parseReference(name) })))
    .filter(({ reference: other }) => other.domain === domain && other.path === path && other.tag !== undefined && (reference.tag === undefined || other.tag === reference.tag))
    .sort((a, b) => (a.reference.tag! < b.reference.tag! ? -1 : 1));
  if (wanted.length === 0) throw new SlipwayError('NotFound', `An image does not exist locally with the tag: ${familiarName(reference)}`);
  if (domain === DEFAULT_DOMAIN) throw new SlipwayError('Forbidden', 'denied: requested access to the resource is denied\nThis lab\'s Docker Hub is the built-in library, which takes nothing: start a registry of your own (docker run -d -p 5000:5000 registry:2), tag the image localhost:5000/… and push that.');
  const registry = await openRegistry(push.network, domain, push.credentials, { push: true, ...(push.signal ? { signal: push.signal } : {}) });
  try {
    for (const one of wanted) {
      yield* telling<PushMessage>((tell, signal) => pushOne(one.image, one.reference, { registry, domain, repository: path, name: `${domain}/${path}`, push, tell, signal }), push.signal);
    }
  } finally {
    registry.close();
  }
}

async function pushOne(image: Image, reference: Reference, pushing: Pushing): Promise<void> {
  const { registry, repository, push, tell, signal } = pushing;
  signal.addEventListener('abort', () => registry.close(), { once: true });
  const fromTheTop = image.layers.toReversed();
  for (const layer of fromTheTop) tell({ status: 'Preparing', progressDetail: {}, id: idOf(layer) });
  for (const layer of fromTheTop.slice(AT_A_TIME)) tell({ status: 'Waiting', progressDetail: {}, id: idOf(layer) });
  const sent = new Map<ImageLayer, Blob>();
  const hasConfig = registry.hasBlob(repository, image.id); // asked beside the layers
  hasConfig.catch(() => {}); // awaited below
  await severalAtATime(AT_A_TIME, fromTheTop, async layer => {
    sent.set(layer, await pushLayer(layer, pushing));
  });
  const config = Buffer.from(image.configText);
  if (await hasConfig === undefined) await registry.upload(repository, once(config), () => image.id);
  const manifest = writeManifest({ digest: image.id, size: config.length }, image.layers.map(layer => sent.get(layer)!));
  await registry.putManifest(repository, reference.tag!, DOCKER.manifest, manifest);

  const digest = digestOfBytes(manifest);
  const size = Buffer.byteLength(manifest);
  await push.store.put(image, { names: [canonicalName({ domain: reference.domain, path: reference.path, digest })], events: [] });
  tell({ status: `${reference.tag!}: digest: ${digest} size: ${size}` });
  tell({ progressDetail: {}, aux: { Tag: reference.tag!, Digest: digest, Size: size } });
  push.onPushed(image, reference);
}

/** There already, taken over from a neighbour, or sent. */
async function pushLayer(layer: ImageLayer, pushing: Pushing): Promise<Blob> {
  const { registry, domain, repository, name, push, tell } = pushing;
  const id = idOf(layer);
  const known = push.records.of(layer.diffId).filter(record => record.repository.startsWith(`${domain}/`));
  const source = await layerSource(push.host, layer, push);
  const candidates = [...new Map([...known, ...(source.descriptor ? [source.descriptor] : [])].map(({ digest, size }) => [digest, { digest, size }])).values()];
  for (const blob of candidates) {
    const size = await registry.hasBlob(repository, blob.digest);
    if (size !== blob.size) continue;
    tell({ status: 'Layer already exists', progressDetail: {}, id });
    return remembered(blob, layer, pushing);
  }
  for (const { digest, size, repository: neighbour } of known.filter(record => record.repository !== name).slice(0, MOUNT_TRIES)) {
    const from = neighbour.slice(domain.length + 1);
    if (!await registry.mount(repository, digest, from)) continue;
    tell({ status: `Mounted from ${from}`, progressDetail: {}, id });
    return remembered({ digest, size }, layer, pushing);
  }
  const blob = await send(layer, source, pushing);
  tell({ status: 'Pushed', progressDetail: {}, id });
  return remembered(blob, layer, pushing);
}

async function send(layer: ImageLayer, source: LayerSource, { registry, repository, tell, signal }: Pushing): Promise<Blob> {
  const hash = createHash('sha256');
  let size = 0;
  const total = Math.max(layer.sizeBytes, 1);
  const report = sparingly(() => {
    const current = source.descriptor ? Math.round(size / source.descriptor.size * total) : size;
    tell({ status: 'Pushing', progressDetail: { current, total }, progress: progressBar(Math.min(current, total), total), id: idOf(layer) });
  });
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of source.bytes(signal)) {
      if (signal.aborted) throw new SlipwayError('Unavailable', 'context canceled');
      hash.update(chunk);
      size += chunk.length;
      report(size);
      yield chunk;
    }
  }
  let digest = '';
  await registry.upload(repository, counted(), () => (digest = `sha256:${hash.digest('hex')}`));
  return { digest, size };
}

function remembered(blob: Blob, layer: ImageLayer, pushing: Pushing): Blob {
  pushing.push.records.remember([{ diffId: layer.diffId, digest: blob.digest as Digest, size: blob.size, repository: pushing.name }]);
  return blob;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

const idOf = (layer: ImageLayer) => layer.diffId.slice('sha256:'.length, 'sha256:'.length + 12);
