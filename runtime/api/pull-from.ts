// Where an image is pulled from: Docker Hub's names from the built-in library; what the operator allows of registries outside, through the mirror; all
// others from the registry they name, in the lab's own network. Called by images.ts; the credentials are those of this one request.
import { join } from 'node:path';
import { labNetwork } from '../container/lab-network.ts';
import type { Host } from '../container/model.ts';
import { hostDir } from '../container/records.ts';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { blobRecords, type BlobRecords } from '../image/blob-records.ts';
import type { Library } from '../image/library.ts';
import type { Mirror } from '../image/mirror.ts';
import { noWay } from '../image/missing.ts';
import type { ImageStore } from '../image/model.ts';
import { pull, type PullMessage } from '../image/pull.ts';
import { DEFAULT_DOMAIN, type Reference } from '../image/reference.ts';
import { pullFrom as pullFromSource, pullRemote } from '../image/remote-pull.ts';
import { credentialsOf, type Credentials } from '../registry/auth.ts';
import type { Api } from './api.ts';
import type { Call } from './call.ts';
import { parsePlatform, THIS_ARCHITECTURE } from './platform.ts';

export const pullFrom = (call: Call, reference: Reference, platform: string): AsyncGenerator<PullMessage, void, void> =>
  pullInto({ host: call.api.host, library: call.api.library, mirror: call.api.mirror, store: call.api.images, credentials: credentialsOf(call.header('x-registry-auth')), signal: call.signal }, reference, platform);

export interface PullInto { host: Host; library: Library; mirror: Mirror; store: ImageStore; credentials: Credentials; signal: AbortSignal }

/** The same for who has no request: the builder, into a store of its own. */
export async function* pullInto({ host, library, mirror, store, credentials, signal }: PullInto, reference: Reference, platformText: string): AsyncGenerator<PullMessage, void, void> {
  const platform = parsePlatform(platformText);
  const wanted = { ...(platform ?? { os: 'linux', architecture: THIS_ARCHITECTURE }), asked: platform !== null };
  const records = recordsOf({ host });
  if (await isMirrored({ library, mirror }, reference)) {
    return yield* pullFromSource(reference, mirror.source(reference.domain, signal), mirror.place(reference, host.ref.lab), { store, records, platform: wanted, signal });
  }
  if (reference.domain === DEFAULT_DOMAIN) {
    if (platform && (platform.os !== 'linux' || platform.architecture !== THIS_ARCHITECTURE)) throw new SlipwayError('NotFound', `no matching manifest for ${platformText} in the manifest list entries`);
    try {
      return yield* pull(reference, { store, library, signal });
    } catch (error) {
      const { kind, message } = asSlipwayError(error);
      const offer = mirror.offer(DEFAULT_DOMAIN);
      if (kind !== 'NotFound' || offer === '') throw error;
      throw new SlipwayError(kind, `${message}\nFrom Docker Hub it can have ${offer}.`);
    }
  }
  try {
    yield* pullRemote(reference, { host, store, network: labNetwork(host), credentials, records, platform: wanted, signal });
  } catch (error) {
    const { kind, message } = asSlipwayError(error);
    if (/: connect: network is unreachable$|: no such host$/.test(message)) throw new SlipwayError(kind, `${message}\n${noWay(await library.references())}`);
    throw error;
  }
}

/** Whether the operator lets labs have it from outside. What the library has is had from the library: it is here, and the operator's own. */
export const isMirrored = async ({ library, mirror }: { library: Library; mirror: Mirror }, reference: Reference): Promise<boolean> =>
  mirror.allows(reference) && !(reference.domain === DEFAULT_DOMAIN && await inLibrary(library, reference));

const inLibrary = async (library: Library, reference: Reference): Promise<boolean> => (reference.tag === undefined && reference.digest === undefined
  ? (await library.references()).some(other => other.domain === reference.domain && other.path === reference.path)
  : await library.resolve(reference) !== undefined);

/** What this host knows of blobs in registries. */
export const recordsOf = (api: Pick<Api, 'host'>): BlobRecords => blobRecords(join(hostDir(api.host.ref), 'blobs.json'));
