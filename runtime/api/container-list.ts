// GET /containers/json: one line per container, and which containers a set of filters means. Called by containers.ts; changes nothing.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerList
import { RE2JS } from 're2js';
import { SlipwayError } from '../errors.ts';
import type { Container, ContainerState } from '../container/model.ts';
import type { Api } from './api.ts';
import { humanDuration } from './human-duration.ts';
import { labelsMatch, boolFilter, type Filters } from './query.ts';

export const CONTAINER_FILTERS = ['ancestor', 'before', 'exited', 'expose', 'health', 'id', 'is-task', 'isolation', 'label', 'name', 'network', 'publish', 'since', 'status', 'volume'];

const STATUSES = ['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited'];

/** Newest first. `limit` ≤ 0 is no limit. */
export async function selectContainers(api: Api, wanted: Filters, options: { all: boolean; limit: number }): Promise<Container[]> {
  for (const status of wanted.get('status') ?? []) if (!STATUSES.includes(status)) throw new SlipwayError('InvalidParameter', `invalid filter 'status=${status}'`);
  for (const health of wanted.get('health') ?? []) if (!['starting', 'healthy', 'unhealthy', 'none'].includes(health)) throw new SlipwayError('InvalidParameter', `unrecognized filter value for health: ${health}`);
  const exitCodes = wanted.get('exited')?.map(exitCode);
  boolFilter(wanted, 'is-task');
  const ancestors = wanted.has('ancestor') ? await imageIds(api, wanted.get('ancestor')!) : null;
  const names = wanted.get('name')?.map(pattern);
  const published = wanted.get('publish')?.map(value => port(value, 'publish'));
  const exposed = wanted.get('expose')?.map(value => port(value, 'expose'));
  const before = edge(api, wanted.get('before'));
  const since = edge(api, wanted.get('since'));

  const onlyRunning = !options.all && options.limit <= 0 && !wanted.has('status') && !wanted.has('exited') && !wanted.has('before') && !wanted.has('since');
  const newestFirst = [...api.host.containers.values()].sort((a, b) => (a.record.created < b.record.created ? 1 : -1));
  const beforeAt = before ? newestFirst.indexOf(before) : -1;
  const sinceAt = since ? newestFirst.indexOf(since) : newestFirst.length;

  const found: Container[] = [];
  for (const [at, container] of newestFirst.entries()) {
    const { record } = container;
    const state = stateName(container);
    if (at <= beforeAt || at >= sinceAt) continue;
    if (onlyRunning && !isRunning(record.state)) continue;
    if (wanted.has('status') && !wanted.get('status')!.includes(state)) continue;
    if (exitCodes && !(hasExited(record.state) && exitCodes.includes(record.state.exitCode))) continue;
    if (wanted.has('health') && !wanted.get('health')!.includes(container.live.health?.status ?? 'none')) continue;
    if (wanted.has('id') && !wanted.get('id')!.some(id => record.id.startsWith(id) || record.id === id)) continue;
    if (names && !names.some(name => name.matcher(`/${record.name}`).find() || name.matcher(record.name).find())) continue;
    if (!labelsMatch(wanted.get('label'), record.config.Labels)) continue;
    if (ancestors && !ancestors.has(record.imageId)) continue;
    if (boolFilter(wanted, 'is-task') === true) continue;
    if (wanted.has('volume') && !wanted.get('volume')!.some(v => record.mounts.some(m => m.name === v || m.source === v || m.destination === v))) continue;
    if (wanted.has('network') && !wanted.get('network')!.some(n => isOnNetwork(api, container, n))) continue;
    const ports = api.verbs.ports(container);
    if (published && !published.some(p => ports.some(q => q.PublicPort !== undefined && q.PublicPort >= p.first && q.PublicPort <= p.last && q.Type === p.type))) continue;
    if (exposed && !exposed.some(p => ports.some(q => q.PrivatePort >= p.first && q.PrivatePort <= p.last && q.Type === p.type))) continue;
    found.push(container);
    if (options.limit > 0 && found.length === options.limit) break;
  }
  return found;
}

export function listEntry(api: Api, container: Container, size: { rw: number; rootFs: number } | null): Record<string, unknown> {
  const { record } = container;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: imageName(api, container),
    ImageID: record.imageId,
    Command: commandLine(record.path, record.args),
    Created: Math.floor(Date.parse(record.created) / 1000),
    Ports: api.verbs.ports(container),
    ...(size ? { ...(size.rw > 0 ? { SizeRw: size.rw } : {}), SizeRootFs: size.rootFs } : {}),
    Labels: record.config.Labels ?? {},
    State: stateName(container),
    Status: statusText(container, Date.now()),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: api.verbs.networks(api.host, container) },
    Mounts: api.verbs.mounts(container),
  };
}

/** "Up 3 seconds", "Exited (0) 2 minutes ago", "Created". */
export function statusText(container: Container, now: number): string {
  const state = container.record.state;
  if (container.live.removing) return 'Removal In Progress';
  switch (state.status) {
    case 'created': return 'Created';
    case 'running': return `Up ${humanDuration(now - Date.parse(state.startedAt))}${healthText(container)}`;
    case 'paused': return `Up ${humanDuration(now - Date.parse(state.startedAt))} (Paused)`;
    case 'restarting': return `Restarting (${state.exitCode}) ${humanDuration(now - Date.parse(state.finishedAt))} ago`;
    case 'exited': return `Exited (${state.exitCode}) ${humanDuration(now - Date.parse(state.finishedAt))} ago`;
    case 'dead': return 'Dead';
  }
}

function healthText({ live: { health } }: Container): string {
  return health ? ` (${health.status === 'starting' ? 'health: starting' : health.status})` : '';
}

const stateName = (container: Container) => (container.live.removing ? 'removing' : container.record.state.status);
const isRunning = (state: ContainerState) => state.status === 'running' || state.status === 'paused' || state.status === 'restarting';
const hasExited = (state: ContainerState): state is Extract<ContainerState, { status: 'exited' | 'dead' }> => state.status === 'exited' || state.status === 'dead';

/** The image as the user named it, or its id once that name means another image. */
function imageName(api: Api, { record }: Container): string {
  try {
    const current = api.host.images.resolve(record.config.Image);
    if (!(current instanceof Promise) && current.id !== record.imageId) return record.imageId;
  } catch {
    return record.imageId;
  }
  return record.config.Image;
}

function commandLine(path: string, args: readonly string[]): string {
  return [path, ...args.map(arg => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');
}

async function imageIds(api: Api, references: readonly string[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const reference of references) {
    try {
      ids.add((await api.host.images.resolve(reference)).id);
    } catch (error) {
      if (!(error instanceof SlipwayError)) throw error; // an unknown image has no containers
    }
  }
  return ids;
}

function isOnNetwork(api: Api, container: Container, network: string): boolean {
  return Object.entries(api.verbs.networks(api.host, container)).some(([name, settings]) => {
    const id = (settings as { NetworkID?: string }).NetworkID ?? '';
    return name === network || (id !== '' && id.startsWith(network)) || api.host.networks.all().some(n => n.name === name && n.id.startsWith(network));
  });
}

function edge(api: Api, names: readonly string[] | undefined): Container | null {
  return names?.length ? api.verbs.resolve(api.host, names[0]!) : null;
}

function exitCode(value: string): number {
  if (!/^[+-]?\d+$/.test(value)) throw new SlipwayError('InvalidParameter', `invalid filter 'exited=${value}': strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
  return Number(value);
}

/** A learner's expression: matched in linear time, in Go's syntax. */
export function pattern(value: string): RE2JS {
  try {
    return RE2JS.compile(value);
  } catch {
    return RE2JS.compile(RE2JS.quote(value)); // what is no expression is taken literally
  }
}

/** `80`, `80/udp`, `8000-8010/tcp`. */
function port(value: string, filter: 'publish' | 'expose'): { first: number; last: number; type: string } {
  const [numbers = '', type = 'tcp'] = value.split('/');
  const [first = '', last = first] = numbers.split('-');
  const number = (text: string) => {
    const why = !/^\d+$/.test(text) ? 'invalid syntax' : Number(text) > 65535 ? 'value out of range' : null;
    if (why) throw new SlipwayError('System', `error while looking up for ${filter} ${value}: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`);
    return Number(text);
  };
  return { first: number(first), last: number(last), type };
}
