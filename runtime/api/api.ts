// The Docker Engine API of one host: all route tables, joined to the verbs. Called by runtime/engine.ts once per host;
// the caller listens on the host's socket and closes the server when the host goes.
import type { Server } from 'node:http';
import type { ContainerVerbs } from '../container/verbs.ts';
import type { Host } from '../container/model.ts';
import type { Library } from '../image/library.ts';
import type { Mirror } from '../image/mirror.ts';
import type { ImageStore } from '../image/model.ts';
import { archiveRoutes } from './archives.ts';
import { attachRoutes } from './attach.ts';
import type { BuildCache } from '../build/build-cache.ts';
import type { BuildKit } from '../buildkit/service.ts';
import { buildKitRoutes, openBuildKit } from './buildkit.ts';
import { buildRoutes } from './builds.ts';
import { changeRoutes } from './changes.ts';
import { containerVerbs } from './container-verbs.ts';
import { containerRoutes } from './containers.ts';
import { daemonRoutes } from './daemon.ts';
import { eventRoutes } from './events.ts';
import { fileRoutes } from './files.ts';
import { execRoutes } from './exec.ts';
import { imageRoutes } from './images.ts';
import { logRoutes } from './logs.ts';
import { networkRoutes } from './networks.ts';
import { registryRoutes } from './registry.ts';
import { createApiServer } from './server.ts';
import { statsRoutes } from './stats.ts';
import { systemRoutes } from './system.ts';
import { unavailableRoutes } from './unavailable.ts';
import { volumeRoutes } from './volumes.ts';

/** What routes work with. */
export interface Api {
  readonly host: Host;
  readonly verbs: ContainerVerbs;
  readonly images: ImageStore;
  /** The operator's images, from which `docker pull` is answered. */
  readonly library: Library;
  /** Registries outside that the operator allows. */
  readonly mirror: Mirror;
  readonly buildkit: BuildKit;
  /** Faults of ours (not of the learner), for the engine's log. */
  onError(error: unknown): void;
}

export function createDockerApi({ buildCache, ...options }: Omit<Api, 'verbs' | 'buildkit'> & { buildCache: BuildCache }): Server {
  const api = { ...options, verbs: containerVerbs };
  return createApiServer({ ...api, buildkit: openBuildKit(api, buildCache) }, [
    ...systemRoutes, ...eventRoutes, ...containerRoutes, ...changeRoutes, ...logRoutes, ...statsRoutes, ...attachRoutes, ...execRoutes, ...fileRoutes, ...buildRoutes, ...buildKitRoutes, ...archiveRoutes,
    ...registryRoutes, ...imageRoutes, ...networkRoutes, ...volumeRoutes, ...daemonRoutes, ...unavailableRoutes,
  ]);
}
