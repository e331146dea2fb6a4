// A container's places in bridge networks: addresses, names, ports, and the steps that make and unmake the veth pairs inside the host.
// Called by container/start.ts and container/connect.ts. `leave` undoes only the bookkeeping; the steps undo the rest.
import { SlipwayError } from '../errors.ts';
import type { ContainerRecord, Endpoint, Host, PublishedPort } from '../container/model.ts';
import { netnsPath, sandboxIdOf, shortId } from '../container/paths.ts';
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';
import { broadcast, parseBlock } from './addresses.ts';
import { atOnce } from './at-once.ts';
import { ifnamePrefix, mtuOf, wantsIcc } from './bridge-options.ts';
import { randomId } from './default-networks.ts';
import type { Network } from './model.ts';
import { childLink, hasParent } from './parent-link.ts';
import { addNames, hasNames, removeNames, useNameServer } from './names.ts';
import { parseLink } from './parse-link.ts';
import { hostAddresses, wantedPorts } from './port-bindings.ts';
import { bindFailure, holdPorts, letPortsGo } from './proxies.ts';
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
    const main = publishing(host, joined);
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
  if (network.configOnly) throw new SlipwayError('Forbidden', 'cannot create endpoint on configuration-only network');
  const asked = record.endpoints[network.name];
  const v4 = host.networks.allocateAddress(network, 4, asked?.IPAMConfig?.IPv4Address || null)!;
  let v6: ReturnType<Host['networks']['allocateAddress']>;
  try {
    for (const address of asked?.IPAMConfig?.LinkLocalIPs ?? []) if (!/^(169\.254\.|fe[89ab][0-9a-f]:)/i.test(address)) throw new SlipwayError('InvalidParameter', `invalid link local IP address: ${address}`);
    v6 = network.ipv6 ? host.networks.allocateAddress(network, 6, asked?.IPAMConfig?.IPv6Address || null) : null;
  } catch (error) {
    host.networks.releaseAddress(network, v4.ip);
    throw error;
  }
  const used = new Set(others.map(e => e.ifname));
  let at = 0;
  while (used.has(`${ifnamePrefix(network)}${at}`)) at++;
  const endpoint: Endpoint = {
    endpointId: randomId(), sandboxId: sandboxIdOf(record.id), network: network.name, networkId: network.id, ifname: `${ifnamePrefix(network)}${at}`,
    ip: v4.ip, prefix: v4.prefix, gateway: v4.gateway, ip6: v6?.ip ?? '', prefix6: v6?.prefix ?? 0, gateway6: v6?.gateway ?? '',
    mac: asked?.MacAddress || macOf(v4.ip), linkLocal: asked?.IPAMConfig?.LinkLocalIPs ?? [], ...(hasParent(network) ? { withoutVeth: true } : {}), ports: [], dnsNames: dnsNames(record, network), ...(hasNames(network) && asked?.Links?.length ? { links: asked.Links.map(parseLink) } : {}),
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

/** The one whose ports are published, if it is a bridge's: other links are not the host's to lead to. */
export function publishing(host: Host, endpoints: readonly Endpoint[]): Endpoint | null {
  const main = gatewayOf(host, endpoints);
  return main && host.networks.resolve(main.networkId).driver === 'bridge' ? main : null;
}

/** Throws Docker's words for a port that is taken; then none is bound. */
export function bindPorts(host: Host, record: ContainerRecord, endpoint: Endpoint) {
  const ports: PublishedPort[] = [];
  const ownDefault = host.networks.resolve(endpoint.networkId).options['com.docker.network.bridge.host_binding_ipv4'];
  try {
    for (const { hostIp, hostPort, lastHostPort, protocol, containerPort } of wantedPorts(record.config, record.hostConfig)) {
      const addresses = hostAddresses(hostIp, ownDefault);
      const port = host.networks.allocatePort(addresses, hostPort, lastHostPort, protocol);
      ports.push(...addresses.map(ip => ({ containerPort, protocol, hostIp: ip, hostPort: port })));
    }
  } catch (error) {
    for (const p of ports) host.networks.releasePort(p.hostIp, p.hostPort, p.protocol);
    const why = error instanceof Error ? error.message : String(error);
    throw new SlipwayError('System', `${bindFailure(record.name, endpoint)}${why}`, { cause: error });
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
    ...atOnce(
      [
        { do: 'run', argv: ['ip', '-batch', '-'], stdin: endpoints.map(e => outsideLink(host, e, netns)).join('') },
        { do: 'run', argv: ['ip', '-batch', '-'], netns, stdin: `${endpoints.map(e => insideLink(host, e)).join('')}${defaultRoute(main)}` },
      ],
      ...publish(record, publishing(host, endpoints)).map(step => [step]), // rules do not wait for who holds the port, nor do dockerd's
      endpoints.some(e => e.dnsNames) ? useNameServer(netns, nameServerOf(host, endpoints)) : [],
      addNames(record.id, endpoints),
    ),
  ];
}

export function outsideLink(host: Host, endpoint: Endpoint, netns: string): string {
  const network = host.networks.resolve(endpoint.networkId);
  const veth = vethName(endpoint);
  if (hasParent(network)) return childLink(network, endpoint.ifname, endpoint.mac, netns);
  const mtu = mtuOf(network);
  const alone = !wantsIcc(network);
  return `link add ${veth} txqueuelen 0 ${mtu ? `mtu ${mtu} ` : ''}type veth peer name ${endpoint.ifname} address ${endpoint.mac} txqueuelen 0 ${mtu ? `mtu ${mtu} ` : ''}netns ${netns}\n`
    // hairpin: a container reaches its own published port, also where the kernel passes bridged packets through its rules (br_netfilter).
    + `link set ${veth} master ${network.link} up\nlink set ${veth} type bridge_slave hairpin on\n${alone ? `link set ${veth} type bridge_slave isolated on\n` : ''}`;
}

/** https://datatracker.ietf.org/doc/html/rfc8200#section-5 */
const MIN_IPV6_MTU = 1280;

export function insideLink(host: Host, endpoint: Endpoint): string {
  const { ip, prefix, ip6, prefix6, ifname } = endpoint;
  const linkLocal = (endpoint.linkLocal ?? []).map(address => `addr add ${address}${address.includes(':') ? '/64' : '/16 brd 169.254.255.255'} dev ${ifname}\n`).join('');
  // Without an address of its own it has none of IPv6, not even one that the kernel would make up. A link too narrow for IPv6 has no such setting.
  const narrow = Number(mtuOf(host.networks.resolve(endpoint.networkId)) || MIN_IPV6_MTU) < MIN_IPV6_MTU;
  const v6 = ip6 ? `addr add ${ip6}/${prefix6} dev ${ifname} nodad\n` : narrow ? '' : `link set ${ifname} addrgenmode none\n`;
  return `addr add ${ip}/${prefix} brd ${broadcast(parseBlock(`${ip}/${prefix}`)!)} dev ${ifname}\n${v6}${linkLocal}link set ${ifname} up\n`;
}

export const defaultRoute = (main: Endpoint | null) => (main ? `route replace default via ${main.gateway} dev ${main.ifname}\n${main.gateway6 ? `route replace default via ${main.gateway6} dev ${main.ifname}\n` : ''}` : '');

export function publish(record: ContainerRecord, endpoint: Endpoint | null): Step[] {
  if (!endpoint?.ports.length) return [];
  return [...holdPorts(record.id, record.name, endpoint), { do: 'run', argv: ['nft', '-f', '-'], stdin: publishRules(endpoint.ip, endpoint.ports) }];
}
export const unpublish = (containerId: string, endpoint: Endpoint | null): Step[] => (endpoint ? [...letGo(containerId, endpoint), ...forget(endpoint)] : []);
const letGo = (containerId: string, endpoint: Endpoint): Step[] => (endpoint.ports.length ? letPortsGo(containerId) : []);
/** Before what is done at once: it needs one process, and a lab that has no more gets ten back for each port. */
export const letAllGo = (containerId: string, endpoints: readonly Endpoint[]): Step[] => endpoints.flatMap(e => letGo(containerId, e));
const forget = (endpoint: Endpoint): Step[] => (endpoint.ports.length ? [{ do: 'run', argv: ['busybox', 'sh', '-c', `${hostToolboxDir}/bin/nft -f - 2>/dev/null || :`], stdin: unpublishRules(endpoint.ip, endpoint.ports) }] : []);

/** The bridge's address of the first network with names, where the name server listens. */
export function nameServerOf(host: Host, endpoints: readonly Endpoint[]): string | null {
  const endpoint = endpoints.find(e => e.dnsNames);
  return endpoint ? host.networks.resolve(endpoint.networkId).subnets.find(s => !s.subnet.includes(':'))!.gateway : null;
}

/** The network namespace itself is start.ts's. */
export const removeLinks = (containerId: string, endpoints: readonly Endpoint[]): Step[] => [...letAllGo(containerId, endpoints), ...atOnce(...removals(containerId, endpoints))];

/** Lanes of at-once.ts. */
export function removals(containerId: string, endpoints: readonly Endpoint[]): Step[][] {
  return [
    // Now, rather than whenever the kernel clears the namespace.
    ...endpoints.filter(e => !e.withoutVeth).map((e): Step[] => [{ do: 'run', argv: ['ip', 'link', 'delete', vethName(e)] }]),
    ...endpoints.map(e => forget(e)),
    removeNames(containerId, endpoints),
  ];
}
