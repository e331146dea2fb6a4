// A host as the engine serves it: its nouns from their records, its Docker API on its socket. Opened by labs.ts for a host that runs.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { createDockerApi } from '../api/api.ts';
import { BuildCache } from '../build/build-cache.ts';
import { containerOf } from '../container/live.ts';
import type { Host } from '../container/model.ts';
import { hostDir, loadContainers, writeJson } from '../container/records.ts';
import { isRunning } from '../container/state.ts';
import { nowNano, timestamp } from '../container/time.ts';
import type { Library } from '../image/library.ts';
import type { Mirror } from '../image/mirror.ts';
import type { ImageStore } from '../image/model.ts';
import { openImageStore } from '../image/store.ts';
import type { HostRef } from '../kernel/protocol.ts';
import { createNameServer } from '../container/name-server.ts';
import { defaultNetwork } from '../network/default-networks.ts';
import type { Network } from '../network/model.ts';
import { createNetworks } from '../network/networks.ts';
import { listenAt } from '../listen.ts';
import { dockerSocket } from '../paths.ts';
import { removeLayers, removeScratch } from '../snapshot/layers.ts';
import { createVolumes, type VolumeRecord } from '../volume/volumes.ts';
import { openDaemon } from './daemon.ts';
import { createEventBus } from './events.ts';
import type { FrostyBroker } from './frost.ts';
import { openJournal } from './journal.ts';
import type { LabRecord } from './lab-records.ts';

/** What every host of this engine shares. */
export interface EngineParts {
  broker: FrostyBroker;
  library: Library;
  mirror: Mirror;
  cgroupVersion: 'v1' | 'v2';
  onError(error: unknown, about: Record<string, unknown>): void;
}

export interface OpenHost {
  host: Host;
  images: ImageStore;
  /** Answers clients from now on: once its nouns are as its kernel objects are. */
  serve(): Promise<void>;
  /** Connections to its docker socket that were refused, being too many. */
  refused(): number;
  /** Stops serving and writing; what runs in the host lives on. Idempotent. */
  close(): Promise<void>;
}

/** `booted`: the host has just been made again. */
export async function openHost(parts: EngineParts, lab: LabRecord, hostId: string, options: { booted?: boolean } = {}): Promise<OpenHost> {
  const ref: HostRef = { lab: lab.id, host: hostId };
  const record = lab.hosts.find(h => h.id === hostId)!;
  const onError = (error: unknown) => parts.onError(error, ref);
  const dir = hostDir(ref);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const journal = openJournal(join(dir, 'journal.jsonl'), onError, options);
  const events = createEventBus(nowNano, journal.since(0).flatMap(entry => (entry.kind === 'event' ? [entry.event] : [])));
  events.subscribe(event => journal.event(event));
  const containers = new Map(loadContainers(ref, (error, path) => parts.onError(error, { ...ref, path })).map(r => [r.id, containerOf(r)]));
  const volumesFile = join(dir, 'volumes.json');
  const networksFile = join(dir, 'networks.json');
  const dropFiles = (work: Promise<void>) => void work.catch(error => { if (!host.closing.signal.aborted) onError(error); });
  const buildCache = new BuildCache(join(dir, 'build-cache.json'), ({ layers, directories }) => dropFiles((async () => {
    await removeLayers({ ref, broker: parts.broker }, layers.filter(key => !images.hasLayer(key)));
    for (const directory of directories) await removeScratch({ ref, broker: parts.broker }, directory);
  })()));
  const images = await openImageStore({
    file: join(dir, 'images.json'),
    // What the build cache keeps, it keeps as a stopped container would.
    containers: () => [...[...containers.values()].map(({ record: c }) => ({ id: c.id, imageId: c.imageId, running: isRunning(c.state.status), layers: c.layers })), { id: '', imageId: '', running: false, layers: buildCache.layerKeys() }],
    onEvent: event => void events.emit('image', event.action, event.id, event.attributes),
    onLayersUnused: keys => dropFiles(removeLayers({ ref, broker: parts.broker }, keys)),
  });
  const host: Host = {
    ref, hostname: record.hostname, profile: lab.profile, limits: lab.limits, createdAt: lab.createdAt,
    containers, names: new Map([...containers.values()].map(c => [c.record.name, c.record.id])), execs: new Map(),
    images, events, journal, networks: createNetworks([...record.networks.map(n => defaultNetwork(n, lab.createdAt)), ...loadRecords<Network>(networksFile)], userDefined => writeJson(networksFile, userDefined), () => host.daemon.config.addressPools),
    nameServer: createNameServer({ ref, broker: parts.broker }),
    volumes: createVolumes(loadRecords<VolumeRecord>(volumesFile), records => writeJson(volumesFile, records), () => timestamp()),
    broker: parts.broker, daemon: openDaemon(ref, () => host), isFrozen: () => parts.broker.isFrozen(lab.id), cgroupVersion: parts.cgroupVersion,
    onError, closing: new AbortController(),
  };
  const server = createDockerApi({ host, images, library: parts.library, mirror: parts.mirror, buildCache, onError });
  let refused = 0;
  server.on('drop', () => refused++);
  // Somebody outside: from inside a frozen lab nobody calls.
  for (const event of ['connection', 'request', 'upgrade'] as const) server.on(event, () => { if (parts.broker.isFrozen(lab.id)) parts.broker.thawLab(lab.id).catch(onError); });
  const serve = () => listenAt(server, dockerSocket(ref.lab, ref.host), 0o660, () => parts.broker.call('ownSocket', ref));
  let closed: Promise<void> | undefined;
  return { host, images, serve, refused: () => refused, close: () => (closed ??= close(host, server)) };
}

async function close(host: Host, server: Server) {
  host.closing.abort();
  server.close();
  server.closeAllConnections();
  host.nameServer.close();
  for (const { live } of host.containers.values()) {
    live.shim?.close();
    if (live.restartTimer) clearTimeout(live.restartTimer);
  }
  host.journal.close();
}

function loadRecords<T>(path: string): T[] {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T[]) : [];
}
