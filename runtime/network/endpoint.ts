// A container's places in bridge networks: addresses, names, ports, and the steps that make and unmake the veth pairs inside the host.
// Called by container/start.ts and container/connect.ts. `leave` undoes only the bookkeeping; the steps undo the rest.
import { SlipwayError } from '../errors.ts';
import type { ContainerRecord, Endpoint, Host, PublishedPort } from '../container/model.ts';
import { netnsPath, sandboxIdOf, shortId } from '../container/paths.ts';
import type { Step } from '../kernel/protocol.ts';
import { broadcast, parseBlock } from './addresses.ts';
import { randomId } from './default-networks.ts';
import type { Network } from './model.ts';
import { addNames, hasNames, removeNames, useNameServer } from './names.ts';
import { wantedPorts } from './port-bindings.ts';
import { publishRules, unpublishRules } from './rules.ts';

/** The networks a container is to be in when it starts: that of its network mode first. */
export function wantedNetworks(record: ContainerRecord): string[] {
  const mode = record.hostConfig.NetworkMode;
  if (mode === 'host' || mode.startsWith('container:')) return [];
  return Object.keys(record.endpoints).filter(name => name !== 'none').sort((a, b) => Number(b === mode) - Number(a === mode));
}

/** All endpoints of a start, or none: what was taken is given back when one fails. */
export function joinNetworks(host: Host, record: ContainerRecord): Endpoint[] {
  const joined: Endpoint[] = [];
  try {
    for (const name of wantedNetworks(record)) joined.push(join(host, record, host.networks.resolve(name), joined));
    const main = gatewayOf(host, joined);
    if (main) bindPorts(host, record, main);
    return joined;
  } catch (error) {
    for (const endpoint of joined) host.networks.leave(record.id, endpoint);
    throw error;
  }
}

/** Idempotent. */
export function leaveNetworks(host: Host, record: ContainerRecord) {
  for (const network of host.networks.all()) {
    const endpoint = host.networks.members(network).get(record.id);
    if (endpoint) host.networks.leave(record.id, endpoint);
  }
}

export function join(host: Host, record: ContainerRecord, network: Network, others: readonly Endpoint[]): Endpoint {
  const asked = record.endpoints[network.name];
  const v4 = host.networks.allocateAddress(network, 4, asked?.IPAMConfig?.IPv4Address || null)!;
  let v6: ReturnType<Host['networks']['allocateAddress']>;
  try {
    v6 = network.ipv6 ? host.networks.allocateAddress(network, 6, asked?.IPAMConfig?.IPv6Address || null) : null;
  } catch (error) {
    host.networks.releaseAddress(network, v4.ip);
    throw error;
  }
  const used = new Set(others.map(e => e.ifname));
  let at = 0;
  while (used.has(`eth${at}`)) at++;
  const endpoint: Endpoint = {
    endpointId: randomId(), sandboxId: sandboxIdOf(record.id), network: network.name, networkId: network.id, ifname: `eth${at}`,
    ip: v4.ip, prefix: v4.prefix, gateway: v4.gateway, ip6: v6?.ip ?? '', prefix6: v6?.prefix ?? 0, gateway6: v6?.gateway ?? '',
    mac: asked?.MacAddress || macOf(v4.ip), ports: [], dnsNames: dnsNames(record, network),
  };
  host.networks.join(record.id, endpoint);
  return endpoint;
}

/** Name, aliases, short id and a host name of its own; null on the default bridge, which has no names. */
export function dnsNames(record: ContainerRecord, network: Network | null): string[] | null {
  if (network && !hasNames(network)) return null;
  const aliases = network ? record.endpoints[network.name]?.Aliases ?? [] : [];
  return [...new Set([record.name, ...aliases, shortId(record.id), record.config.Hostname].filter(Boolean))];
}

/** The one that the default route goes through, and that ports are published on: the first by name that leads out. */
export function gatewayOf(host: Host, endpoints: readonly Endpoint[]): Endpoint | null {
  return endpoints.filter(e => e.gateway !== '').toSorted((a, b) => (a.network < b.network ? -1 : 1))[0] ?? null;
}

/** Throws Docker's words for a port that is taken; then none is bound. */
export function bindPorts(host: Host, record: ContainerRecord, endpoint: Endpoint) {
  const ports: PublishedPort[] = [];
  try {
    for (const wanted of wantedPorts(record.config, record.hostConfig)) {
      const hostPort = host.networks.allocatePort(wanted.hostIp, wanted.hostPort, wanted.lastHostPort, wanted.protocol);
      ports.push({ containerPort: wanted.containerPort, protocol: wanted.protocol, hostIp: wanted.hostIp, hostPort });
    }
  } catch (error) {
    for (const p of ports) host.networks.releasePort(p.hostIp, p.hostPort, p.protocol);
    const why = error instanceof Error ? error.message : String(error);
    throw new SlipwayError('System', `driver failed programming external connectivity on endpoint ${record.name} (${endpoint.endpointId}): ${why}`, { cause: error });
  }
  endpoint.ports = ports;
}

/** Docker derives it from the address. */
const macOf = (ip: string) => `02:42:${ip.split('.').map(part => Number(part).toString(16).padStart(2, '0')).join(':')}`;
/** Link names have 15 characters at most. */
export const vethName = (endpoint: Endpoint) => `veth${endpoint.endpointId.slice(0, 7)}`;

/** Links, addresses, the default route, rules and names of a start. */
export function makeLinks(host: Host, record: ContainerRecord, endpoints: readonly Endpoint[]): Step[] {
  if (endpoints.length === 0) return [];
  const netns = netnsPath(sandboxIdOf(record.id));
  const main = gatewayOf(host, endpoints);
  return [
    { do: 'run', argv: ['ip', '-batch', '-'], stdin: endpoints.map(e => outsideLink(host, e, netns)).join('') },
    { do: 'run', argv: ['ip', '-batch', '-'], netns, stdin: `${endpoints.map(e => insideLink(host, e)).join('')}${defaultRoute(main)}` },
    ...publish(main),
    ...(endpoints.some(e => e.dnsNames) ? useNameServer(netns, nameServerOf(host, endpoints)) : []),
    ...addNames(record.id, endpoints),
  ];
}

export function outsideLink(host: Host, endpoint: Endpoint, netns: string): string {
  const network = host.networks.resolve(endpoint.networkId);
  const veth = vethName(endpoint);
  const mtu = network.options['com.docker.network.driver.mtu'];
  const alone = network.options['com.docker.network.bridge.enable_icc'] === 'false';
  return `link add ${veth} ${mtu ? `mtu ${mtu} ` : ''}type veth peer name ${endpoint.ifname} address ${endpoint.mac} ${mtu ? `mtu ${mtu} ` : ''}netns ${netns}\n`
    // hairpin: a container reaches its own published port, also where the kernel passes bridged packets through its rules (br_netfilter).
    + `link set ${veth} master ${network.link} up\nlink set ${veth} type bridge_slave hairpin on\n${alone ? `link set ${veth} type bridge_slave isolated on\n` : ''}`;
}

export function insideLink(host: Host, endpoint: Endpoint): string {
  const { ip, prefix, ip6, prefix6, ifname } = endpoint;
  return `addr add ${ip}/${prefix} brd ${broadcast(parseBlock(`${ip}/${prefix}`)!)} dev ${ifname}\n${ip6 ? `addr add ${ip6}/${prefix6} dev ${ifname} nodad\n` : ''}link set ${ifname} up\n`;
}

export const defaultRoute = (main: Endpoint | null) => (main ? `route replace default via ${main.gateway} dev ${main.ifname}\n${main.gateway6 ? `route replace default via ${main.gateway6} dev ${main.ifname}\n` : ''}` : '');

export function publish(endpoint: Endpoint | null): Step[] {
  return endpoint?.ports.length ? [{ do: 'run', argv: ['nft', '-f', '-'], stdin: publishRules(endpoint.ip, endpoint.ports) }] : [];
}
export function unpublish(endpoint: Endpoint | null): Step[] {
  return endpoint?.ports.length ? [{ do: 'run', argv: ['nft', '-f', '-'], stdin: unpublishRules(endpoint.ip, endpoint.ports) }] : [];
}

/** The bridge's address of the first network with names, where the name server listens. */
export function nameServerOf(host: Host, endpoints: readonly Endpoint[]): string | null {
  const endpoint = endpoints.find(e => e.dnsNames);
  return endpoint ? host.networks.resolve(endpoint.networkId).subnets.find(s => !s.subnet.includes(':'))!.gateway : null;
}

/** The network namespace itself is start.ts's. */
export function removeLinks(containerId: string, endpoints: readonly Endpoint[]): Step[] {
  return [
    ...endpoints.flatMap(unpublish),
    // Now, rather than whenever the kernel clears the namespace.
    ...endpoints.map((e): Step => ({ do: 'run', argv: ['ip', 'link', 'delete', vethName(e)] })),
    ...removeNames(containerId, endpoints),
  ];
}
