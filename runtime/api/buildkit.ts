// BuildKit's doors into a host: its API, clients' sessions, and the pruning of its cache. Called by api.ts; runtime/buildkit does the work.
import { z } from 'zod';
import { createBuildKit, type BuildKit } from '../buildkit/service.ts';
import { cacheUse, prune } from '../buildkit/usage.ts';
import type { BuildCache } from '../build/build-cache.ts';
import { SlipwayError } from '../errors.ts';
import type { Api } from './api.ts';
import { detectCompression } from './archive.ts';
import type { Call } from './call.ts';
import { THIS_ARCHITECTURE } from './platform.ts';
import { pullInto } from './pull-from.ts';
import { bool, filters, text } from './query.ts';
import { route } from './route.ts';
import { ENGINE_VERSION } from './version.ts';

export function openBuildKit(api: Omit<Api, 'buildkit'>, cache: BuildCache): BuildKit {
  return createBuildKit({
    host: api.host, verbs: api.verbs, images: api.images, library: api.library, cache, architecture: THIS_ARCHITECTURE, version: ENGINE_VERSION, detectCompression,
    pull: (reference, { store, platform, credentials, signal }) => pullInto({ host: api.host, library: api.library, mirror: api.mirror, store, credentials, signal }, reference, platform),
  });
}

const FILTERS = ['description', 'id', 'inuse', 'parent', 'private', 'shared', 'type', 'until', 'unused-for', 'label', 'label!']; // records have no labels: dockerd passes those of `system prune` over, too

export const buildKitRoutes = [
  route('POST', '/grpc', {
    hijacks: true, quiet: true,
    handle(call) {
      call.api.buildkit.serve(h2c(call));
      return null;
    },
  }),

  route('POST', '/session', {
    hijacks: true, quiet: true,
    handle(call) {
      const id = call.header('x-docker-expose-session-uuid') ?? '';
      if (!/^[a-z0-9]{1,64}$/i.test(id)) throw new SlipwayError('InvalidParameter', 'a session needs an id');
      const methods = (call.header('x-docker-expose-session-grpc-method') ?? '').split(',').map(method => method.trim());
      call.api.buildkit.sessions.add({ id, methods }, h2c(call));
      return null;
    },
  }),

  route('POST', '/build/prune', {
    query: z.object({ all: bool, 'keep-storage': text, filters: filters(FILTERS, 'failed to prune build cache: ') }),
    async handle({ api }, query) {
      const before = new Map((await cacheUse(api.buildkit.shared)).map(use => [use.record.id, use.sizeBytes]));
      const removed: string[] = [];
      const until = [...query.filters.get('until') ?? [], ...query.filters.get('unused-for') ?? []][0];
      const asked = [...query.filters].filter(([name]) => !['until', 'unused-for', 'label', 'label!'].includes(name)).flatMap(([name, values]) => [...values].map(value => `${name}=${value}`));
      for await (const record of prune(api.buildkit.shared, { all: query.all, keepBytes: Number(query['keep-storage'] || 0), keepMs: until ? durationMs(until) : 0, filters: asked })) removed.push(record.id!);
      return { status: 200, json: { CachesDeleted: removed.length ? removed : null, SpaceReclaimed: removed.reduce((sum, id) => sum + (before.get(id) ?? 0), 0) } };
    },
  }),
];

/** GET /system/df */
export const buildCacheUsage = async (api: Api) => (await cacheUse(api.buildkit.shared)).map(({ record, shared, inUse, sizeBytes }) => ({
  ID: record.id, ...(record.parents.length ? { Parents: record.parents } : {}), Type: record.type, Description: record.description, InUse: inUse, Shared: shared, Size: sizeBytes,
  CreatedAt: record.created, LastUsedAt: record.lastUsed, UsageCount: record.usageCount,
}));

function h2c(call: Call) {
  if ((call.header('upgrade') ?? '').toLowerCase() !== 'h2c') throw new SlipwayError('InvalidParameter', 'http2 (h2c) is the only protocol spoken here');
  const socket = call.upgrade('h2c');
  // A server's sockets may stay half open: without this, one whose client has gone would count among the host's connections for ever.
  socket.once('end', () => socket.destroy());
  return socket;
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(part => part[0]).join('') !== text) throw new SlipwayError('InvalidParameter', `${JSON.stringify(text)} filter expects a duration (e.g., '24h')`);
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0);
}
