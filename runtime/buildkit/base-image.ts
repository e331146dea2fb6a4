// The image that a FROM names: of this host, or else pulled for the build alone, which gives it no name here, as with BuildKit. Its layers are
// kept by the build cache from then on. Called by solve.ts.
import type { BuildCache } from '../build/build-cache.ts';
import type { BaseImage } from '../build/stage-parts.ts';
import { parsed } from '../content/layout.ts';
import { imageConfigSchema } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import type { Image, ImageStore } from '../image/model.ts';
import { DEFAULT_DOMAIN, parseReference } from '../image/reference.ts';
import type { BuildKitParts } from './parts.ts';
import type { Step } from './progress.ts';
import type { Session } from './session.ts';

export interface BaseOptions { name: string; platform: string; pull: boolean; session: () => Promise<Session>; step: Step; signal: AbortSignal }

export async function baseImage(parts: BuildKitParts & { cache: BuildCache }, { name, platform, pull, session, step, signal }: BaseOptions): Promise<BaseImage> {
  if (!pull) {
    const image = local(parts.images, name);
    if (image && isFor(image, platform)) return { name, config: image.config, layers: image.layers };
  }
  const reference = parseReference(name);
  const { username, secret } = reference.domain === DEFAULT_DOMAIN ? { username: '', secret: '' } : await (await session()).credentials(reference.domain, signal);
  const { store, taken } = takingStore(parts.images, parts.cache);
  const shown = new Map<string, ReturnType<Step['status']>>();
  for await (const { id, progressDetail } of parts.pull(reference, { store, platform, credentials: { username, password: secret }, signal })) {
    if (!id || progressDetail?.total === undefined) continue;
    if (!shown.has(id)) shown.set(id, step.status(id, 'downloading'));
    shown.get(id)!.progress(progressDetail.current ?? 0, progressDetail.total);
  }
  for (const status of shown.values()) status.done();
  const image = taken();
  if (!image) throw new SlipwayError('System', `${name} could not be pulled`);
  parts.cache.add({
    type: 'regular', description: `pulled from ${name}`, keys: [`image ${name}`], layers: [...image.layers], image: { id: image.id, configText: image.configText },
    sizeBytes: image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0), parents: [],
  });
  return { name, config: image.config, layers: image.layers };
}

/** `os/architecture[/variant]`; none asked for is this machine's. */
function isFor({ config }: Image, platform: string): boolean {
  const [os, architecture] = platform.split('/');
  return platform === '' || (os === config.os && architecture === config.architecture);
}

function local(images: ImageStore, name: string): Image | undefined {
  try {
    return images.find(name);
  } catch (error) {
    if (error instanceof SlipwayError && error.kind === 'NotFound') return undefined;
    throw error;
  }
}

/** The host's store with what earlier builds have pulled, so that it need not come again; what is added goes to the build alone. */
function takingStore(images: ImageStore, cache: BuildCache): { store: ImageStore; taken: () => Image | undefined } {
  let taken: Image | undefined;
  const earlier = cache.all().flatMap(({ image, layers }): Image[] => (image
    ? [{ id: image.id, configText: image.configText, config: parsed(imageConfigSchema, image.configText, `image ${image.id}`), layers, references: [], parent: '', lastTagTime: '' }] : []));
  const store: ImageStore = {
    ...images,
    all: () => [...images.all(), ...earlier],
    hasLayer: key => images.hasLayer(key) || cache.layerKeys().includes(key),
    async add(image, { reference }) {
      taken = { ...image, references: [reference], parent: '', lastTagTime: '' };
      return false;
    },
  };
  return { store, taken: () => taken };
}
