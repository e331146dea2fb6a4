// The networks of a host: which there are, which address and which port is taken. Bookkeeping only; links and rules are made by steps
// (endpoint.ts, bridge-steps.ts). Rebuilt from the records of networks and running containers after a restart.
import type { Endpoint } from '../container/model.ts';
import { SlipwayError } from '../errors.ts';
import { addressText, blockText, contains, overlaps, parseAddress, parseBlock, type Block } from './addresses.ts';
import { createPorts } from './ports.ts';
import type { Network, Networks } from './model.ts';

/** Docker's: https://docs.docker.com/engine/network/#subnet-allocation */
const POOLS = [...Array.from({ length: 14 }, (_, at) => `172.${at + 18}.0.0/16`), ...Array.from({ length: 16 }, (_, at) => `192.168.${at * 16}.0/20`)];

/** `pools`: where the daemon's configuration says that networks get their subnets from; none, Docker's own. */
export function createNetworks(known: readonly Network[], save: (userDefined: readonly Network[]) => void, pools: () => readonly { base: string; size: number }[] = () => []): Networks {
  const networks = new Map(known.map(n => [n.id, n]));
  const members = new Map<string, Map<string, Endpoint>>(known.map(n => [n.id, new Map()]));
  const taken = new Map<string, Set<string>>(known.map(n => [n.id, reserved(n)]));
  const ports = createPorts();
  const persist = () => save([...networks.values()].filter(n => !n.builtin));

  const find = (ref: string): Network | null => {
    const all = [...networks.values()];
    const exact = all.find(n => n.id === ref) ?? all.find(n => n.name === ref);
    if (exact || ref === '') return exact ?? null;
    const begun = all.filter(n => n.id.startsWith(ref));
    if (begun.length > 1) throw new SlipwayError('InvalidParameter', `network ${ref} is ambiguous (${begun.length} matches found based on ID prefix)`);
    return begun[0] ?? null;
  };
  const overlapping = (subnet: string) => {
    const block = parseBlock(subnet)!;
    return [...networks.values()].some(n => !n.configOnly && n.subnets.some(s => overlaps(parseBlock(s.subnet)!, block)));
  };

  return {
    find, overlapping,
    all: () => [...networks.values()],
    resolve(ref) {
      const found = find(ref);
      if (!found) throw new SlipwayError('NotFound', `network ${ref} not found`);
      return found;
    },
    add(network) {
      networks.set(network.id, network);
      members.set(network.id, new Map());
      taken.set(network.id, reserved(network));
      persist();
    },
    remove(network) {
      for (const map of [networks, members, taken]) map.delete(network.id);
      persist();
    },
    members: network => members.get(network.id) ?? new Map(),
    join(containerId, endpoint) {
      members.get(endpoint.networkId)?.set(containerId, endpoint);
      for (const ip of [endpoint.ip, endpoint.ip6].filter(Boolean)) taken.get(endpoint.networkId)?.add(ip);
      for (const p of endpoint.ports) ports.take(p.hostIp, p.hostPort, p.protocol);
    },
    leave(containerId, endpoint) {
      const there = members.get(endpoint.networkId);
      if (there?.get(containerId)?.endpointId !== endpoint.endpointId) return;
      there.delete(containerId);
      for (const ip of [endpoint.ip, endpoint.ip6]) taken.get(endpoint.networkId)?.delete(ip);
      for (const p of endpoint.ports) ports.release(p.hostIp, p.hostPort, p.protocol);
    },
    allocateAddress(network, version, asked) {
      const subnet = network.subnets.find(s => parseBlock(s.subnet)!.version === version);
      if (!subnet) return null;
      const block = parseBlock(subnet.subnet)!;
      const used = taken.get(network.id)!;
      const gateway = network.internal ? '' : subnet.gateway;
      if (asked !== null) {
        const address = parseAddress(asked);
        if (!address || !contains(block, address)) throw new SlipwayError('InvalidParameter', `no configured subnet or ip-range contain the IP address ${asked}`);
        const ip = addressText(address.value, version);
        if (used.has(ip) || (version === 4 && block.prefix < 31 && (address.value === block.first || address.value === block.last))) throw new SlipwayError('Forbidden', 'Address already in use');
        used.add(ip);
        return { ip, prefix: block.prefix, gateway };
      }
      const range = subnet.range ? parseBlock(subnet.range)! : block;
      for (let value = range.first; value <= range.last; value++) {
        if (block.prefix < (version === 4 ? 31 : 127) && (value === block.first || (version === 4 && value === block.last))) continue;
        const ip = addressText(value, version);
        if (used.has(ip)) continue;
        used.add(ip);
        return { ip, prefix: block.prefix, gateway };
      }
      throw new SlipwayError('System', `no available IPv${version} addresses on this network's address pools: ${network.name} (${network.id})`);
    },
    releaseAddress(network, ip) { taken.get(network.id)?.delete(ip); },
    allocatePort: ports.allocate,
    releasePort: ports.release,
    freePool(version) {
      const free = version === 6 ? undefined : pools().length ? freeOf(pools(), [...networks.values()]) : POOLS.find(pool => !overlapping(pool));
      if (!free) throw new SlipwayError('System', `could not find an available, non-overlapping IPv${version} address pool among the defaults to assign to the network`);
      return free;
    },
  };
}

/** The first subnet of these sizes that overlaps with no network. What is taken is leapt over: a base may hold millions. */
function freeOf(pools: readonly { base: string; size: number }[], networks: readonly Network[]): string | undefined {
  const taken = networks.filter(n => !n.configOnly).flatMap(n => n.subnets.map(s => parseBlock(s.subnet)!));
  for (const { base, size } of pools) {
    const all = parseBlock(base)!;
    const width = 1n << BigInt(32 - size);
    let first = all.first;
    while (first + width - 1n <= all.last) {
      const block: Block = { first, last: first + width - 1n, prefix: size, version: 4 };
      const other = taken.find(t => overlaps(t, block));
      if (!other) return blockText(block);
      first += ((other.last - first) / width + 1n) * width;
    }
  }
  return undefined;
}

const reserved = (network: Network) => new Set(network.subnets.flatMap(s => [s.gateway, ...Object.values(s.aux)].filter(Boolean)));
