// Which ports a container publishes: -p as the client sent it, and every exposed one with -P. Pure; binding is bridge.ts's.
import type { ContainerConfig, HostConfig } from '../container/config.ts';
import { SlipwayError } from '../errors.ts';
import { addressText, parseAddress } from './addresses.ts';
import type { PublishedPort } from '../container/model.ts';

/** `hostIp` is '' where the user names none: every address of the host, or the network's own default. */
export interface WantedPort { containerPort: number; protocol: PublishedPort['protocol']; hostIp: string; hostPort: number; lastHostPort: number }

export function parsePort(text: string): { port: number; protocol: PublishedPort['protocol'] } {
  const match = /^(\d+)(?:\/(tcp|udp|sctp))?$/i.exec(text);
  const port = Number(match?.[1]);
  if (!match || port < 1 || port > 65_535) throw new SlipwayError('InvalidParameter', `invalid port specification: "${text}"`);
  return { port, protocol: (match[2]?.toLowerCase() ?? 'tcp') as PublishedPort['protocol'] };
}

export function wantedPorts(config: ContainerConfig, hostConfig: HostConfig): WantedPort[] {
  const wanted = Object.entries(hostConfig.PortBindings).flatMap(([key, bindings]) => {
    const { port, protocol } = parsePort(key);
    return (bindings.length ? bindings : [{ HostIp: '', HostPort: '' }]).map(b => ({ containerPort: port, protocol, hostIp: plainAddress(b.HostIp), ...hostPorts(b.HostPort) }));
  });
  if (!hostConfig.PublishAllPorts) return wanted.sort(byPort);
  const exposed = Object.keys(config.ExposedPorts ?? {}).map(parsePort).filter(e => !wanted.some(w => w.containerPort === e.port && w.protocol === e.protocol));
  return [...wanted, ...exposed.map(e => ({ containerPort: e.port, protocol: e.protocol, hostIp: '', hostPort: 0, lastHostPort: 0 }))].sort(byPort);
}

/** In dockerd's order, which decides who gets which free port: https://pkg.go.dev/github.com/docker/go-connections/nat#SortPortMap */
const byPort = (a: WantedPort, b: WantedPort) => b.hostPort - a.hostPort || b.containerPort - a.containerPort || Number(b.protocol === 'tcp') - Number(a.protocol === 'tcp');

/** What is no address is none, for dockerd too. */
function plainAddress(text: string): string {
  const parsed = parseAddress(text);
  return parsed ? addressText(parsed.value, parsed.version) : '';
}

/** Where a wanted port is bound, in a network whose default is `ownDefault`. */
export function hostAddresses(hostIp: string, ownDefault: string | undefined): string[] {
  if (hostIp !== '') return [hostIp];
  return ownDefault && ownDefault !== '0.0.0.0' ? [ownDefault] : ['0.0.0.0', '::'];
}

/** '' is any free port, '8000-8010' the first free one of a range. */
function hostPorts(text: string): { hostPort: number; lastHostPort: number } {
  if (text === '') return { hostPort: 0, lastHostPort: 0 };
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (!match || from > 65_535 || to > 65_535 || to < from) throw new SlipwayError('InvalidParameter', `invalid port specification: "${text}"`);
  return { hostPort: from, lastHostPort: to };
}
