// Where an image is pulled from: Docker Hub's names from the built-in library, all others from the registry they name, in the lab's own
// network. Called by images.ts; the credentials are those of this one request.
import { join } from 'node:path';
import { labNetwork } from '../container/lab-network.ts';
import { hostDir } from '../container/records.ts';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { blobRecords, type BlobRecords } from '../image/blob-records.ts';
import { noWay } from '../image/missing.ts';
import { pull, type PullMessage } from '../image/pull.ts';
import { DEFAULT_DOMAIN, type Reference } from '../image/reference.ts';
import { pullRemote } from '../image/remote-pull.ts';
import { credentialsOf } from '../registry/auth.ts';
import type { Api } from './api.ts';
import type { Call } from './call.ts';
import { parsePlatform, THIS_ARCHITECTURE } from './platform.ts';

export async function* pullFrom(call: Call, reference: Reference, platformText: string): AsyncGenerator<PullMessage, void, void> {
  const { api, signal } = call;
  const platform = parsePlatform(platformText);
  if (reference.domain === DEFAULT_DOMAIN) {
    if (platform && (platform.os !== 'linux' || platform.architecture !== THIS_ARCHITECTURE)) throw new SlipwayError('NotFound', `no matching manifest for ${platformText} in the manifest list entries`);
    return yield* pull(reference, { store: api.images, library: api.library, signal });
  }
  try {
    yield* pullRemote(reference, {
      host: api.host, store: api.images, network: labNetwork(api.host), credentials: credentialsOf(call.header('x-registry-auth')), records: recordsOf(api),
      platform: { ...(platform ?? { os: 'linux', architecture: THIS_ARCHITECTURE }), asked: platform !== null }, signal,
    });
  } catch (error) {
    const { kind, message } = asSlipwayError(error);
    if (/: connect: network is unreachable$|: no such host$/.test(message)) throw new SlipwayError(kind, `${message}\n${noWay(await api.library.references())}`);
    throw error;
  }
}

/** What this host knows of blobs in registries. */
export const recordsOf = (api: Api): BlobRecords => blobRecords(join(hostDir(api.host.ref), 'blobs.json'));
