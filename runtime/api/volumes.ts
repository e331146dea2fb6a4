// Routes of volumes: list, inspect, create, remove, prune. The data are made by containers that mount them, and removed inside the host.
import { z } from 'zod';
import { runHelper } from '../container/helper.ts';
import { SlipwayError } from '../errors.ts';
import { checkVolumeName, checkVolumeOptions } from '../volume/options.ts';
import { volumeData, type VolumeRecord } from '../volume/volumes.ts';
import type { Api } from './api.ts';
import { pattern } from './container-list.ts';
import { VOLUME_CREATE } from './go-structs.ts';
import { bool, boolFilter, filters, labelsMatch, type Filters } from './query.ts';
import { route } from './route.ts';

const stringMap = z.record(z.string(), z.string()).nullish();
const createBody = z.object({
  Name: z.string().nullish().transform(v => v ?? ''),
  Driver: z.string().nullish().transform(v => v || 'local'),
  DriverOpts: stringMap, Labels: stringMap, ClusterVolumeSpec: z.unknown().nullish(),
});

const NO_SWARM = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

export const volumeRoutes = [
  route('GET', '/volumes', {
    query: z.object({ filters: filters(['dangling', 'driver', 'label', 'name']) }),
    handle: ({ api }, query) => ({ status: 200, json: { Volumes: select(api, query.filters).map(describe), Warnings: null } }),
  }),

  route('GET', '/volumes/:name', {
    handle: ({ api, params }) => ({ status: 200, json: describe(find(api, params.name!)) }),
  }),

  route('POST', '/volumes/create', {
    body: createBody, bodyMayBeEmpty: true, goStruct: VOLUME_CREATE,
    handle({ api }, _query, body) {
      if (body.ClusterVolumeSpec) throw new SlipwayError('Unavailable', NO_SWARM);
      if (body.Driver !== 'local') throw new SlipwayError('NotFound', `create ${body.Name}: error looking up volume plugin ${body.Driver}: plugin ${JSON.stringify(body.Driver)} not found`);
      checkVolumeName(body.Name);
      checkVolumeOptions(body.Name, body.DriverOpts ?? {});
      const isNew = !api.host.volumes.byName.has(body.Name);
      const volume = api.host.volumes.ensure(body.Name, { labels: body.Labels ?? {}, options: body.DriverOpts ?? {} });
      if (isNew) api.host.events.emit('volume', 'create', volume.name, { driver: 'local' });
      return { status: 201, json: describe(volume) };
    },
  }),

  // Only cluster volumes can be changed.
  route('PUT', '/volumes/:name', { handle() { throw new SlipwayError('Unavailable', 'volume update only valid for cluster volumes, but swarm is unavailable'); } }),

  route('DELETE', '/volumes/:name', {
    query: z.object({ force: bool }),
    async handle({ api, params }, query) {
      const name = params.name!;
      if (query.force && !api.host.volumes.byName.has(name)) return { status: 204 };
      const users = usersOf(api, find(api, name));
      if (users.length > 0) throw new SlipwayError('Conflict', `remove ${name}: volume is in use - [${users.join(', ')}]`);
      await api.verbs.removeVolume(api.host, name);
      return { status: 204 };
    },
  }),

  // Only anonymous volumes, unless the filter `all` asks for every unused one.
  route('POST', '/volumes/prune', {
    query: z.object({ filters: filters(['all', 'label', 'label!']) }),
    async handle({ api }, query) {
      const all = boolFilter(query.filters, 'all', ([value]) => `invalid filter 'all': strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`) === true;
      const unwanted = query.filters.get('label!') ?? [];
      const unused = [...api.host.volumes.byName.values()].filter(v => (all || v.anonymous) && usersOf(api, v).length === 0
        && labelsMatch(query.filters.get('label'), v.labels) && !unwanted.some(label => labelsMatch([label], v.labels)));
      const sizes = await volumeSizes(api, unused);
      for (const volume of unused) await api.verbs.removeVolume(api.host, volume.name);
      const reclaimed = unused.reduce((sum, volume) => sum + (sizes.get(volume.name) ?? 0), 0);
      api.host.events.emit('volume', 'prune', '', { reclaimed: String(reclaimed) });
      return { status: 200, json: { VolumesDeleted: unused.map(v => v.name), SpaceReclaimed: reclaimed } };
    },
  }),
];

export function describe(volume: VolumeRecord): Record<string, unknown> {
  return {
    CreatedAt: volume.createdAt.replace(/\.\d+Z$/, 'Z'), Driver: 'local', Labels: Object.keys(volume.labels).length > 0 ? volume.labels : null,
    Mountpoint: volumeData(volume.name), Name: volume.name, Options: volume.options ? sorted(volume.options) : null, Scope: 'local',
  };
}

const sorted = (map: Record<string, string>) => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Bytes that files of volumes take, counted inside the host. */
export async function volumeSizes({ host }: Pick<Api, 'host'>, volumes: readonly VolumeRecord[]): Promise<Map<string, number>> {
  if (volumes.length === 0) return new Map();
  const count = 'for d in "$@"; do [ -d "$d" ] && find "$d" -type f -exec stat -c %s {} + 2>/dev/null | awk "{ n += \\$1 } END { print n + 0 }" || echo 0; done';
  const { stdout } = await runHelper(host, { argv: ['busybox', 'sh', '-c', count, 'sh', ...volumes.map(v => volumeData(v.name))] });
  const sizes = stdout.trim().split('\n').map(Number);
  return new Map(volumes.map((volume, i) => [volume.name, sizes[i] || 0]));
}

export function usersOf(api: Api, volume: VolumeRecord): string[] {
  return [...api.host.containers.values()].filter(c => c.record.mounts.some(m => m.type === 'volume' && m.name === volume.name)).map(c => c.record.id);
}

function find(api: Api, name: string): VolumeRecord {
  const volume = api.host.volumes.byName.get(name);
  if (!volume) throw new SlipwayError('NotFound', `get ${name}: no such volume`);
  return volume;
}

function select(api: Api, wanted: Filters): VolumeRecord[] {
  const dangling = boolFilter(wanted, 'dangling');
  const names = wanted.get('name')?.map(pattern);
  return [...api.host.volumes.byName.values()].filter(volume =>
    (dangling === null || dangling === (usersOf(api, volume).length === 0))
    && (wanted.get('driver')?.includes('local') ?? true)
    && (names?.some(name => name.matcher(volume.name).find()) ?? true)
    && labelsMatch(wanted.get('label'), volume.labels));
}
