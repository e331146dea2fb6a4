// What `docker network create` asks for, checked in dockerd's order and words, as the record of a network. Pure but for the pool it takes;
// container/network-verbs.ts makes the bridge.
import { SlipwayError } from '../errors.ts';
import { addressText, blockText, contains, parseAddress, parseBlock } from './addresses.ts';
import { randomId } from './default-networks.ts';
import type { Network, Networks, Subnet } from './model.ts';

export interface NetworkRequest {
  name: string; driver: string; internal: boolean; ipv6: boolean; attachable: boolean; ingress: boolean; scope: string; configOnly: boolean;
  labels: Record<string, string>; options: Record<string, string>;
  ipam: { driver: string; options: Record<string, string> | null; config: { subnet: string; gateway: string; range: string; aux: Record<string, string> }[] };
}

const SWARM = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const invalid = (message: string) => new SlipwayError('InvalidParameter', message);
/** Link names have 15 characters at most. */
const MAX_LINK = 15;

export function newNetwork(networks: Networks, request: NetworkRequest, createdAt: string): Network {
  const { name, options } = request;
  const driver = request.driver || 'bridge';
  if (['bridge', 'host', 'none', 'default'].includes(name) || name.startsWith('container:')) throw new SlipwayError('Forbidden', `operation is not permitted on predefined ${name} network`);
  if (networks.all().some(n => n.name === name)) throw new SlipwayError('Conflict', `network with name ${name} already exists`);
  if (driver === 'overlay' || request.scope === 'swarm' || request.ingress) throw new SlipwayError('Unavailable', SWARM);
  if (driver === 'host' || driver === 'null') throw new SlipwayError('Forbidden', `only one instance of "${driver}" network is allowed`);
  if (driver === 'macvlan' || driver === 'ipvlan') throw new SlipwayError('NotImplemented', `this lab has no network card of its own to give to containers: use the driver "bridge" instead of "${driver}"`);
  if (driver !== 'bridge') throw new SlipwayError('NotFound', `plugin "${driver}" not found`);
  if (request.configOnly) throw new SlipwayError('NotImplemented', 'this engine has no configuration-only networks');
  if (request.ipam.driver && request.ipam.driver !== 'default') throw new SlipwayError('NotFound', `plugin "${request.ipam.driver}" not found`);
  const problems = request.ipam.config.flatMap(({ subnet, gateway, range, aux }) => problemsOf(subnet, gateway, range, aux));
  if (problems.length) throw invalid(`invalid network config:\n${problems.join('\n')}`);
  if (name.trim() === '') throw invalid('invalid name:');
  const id = randomId();
  const link = options['com.docker.network.bridge.name'] || `br-${id.slice(0, 12)}`;
  checkLink(networks, link);
  const mtu = options['com.docker.network.driver.mtu'];
  if (mtu !== undefined && (!/^\d+$/.test(mtu) || Number(mtu) < 68 || Number(mtu) > 65535)) throw invalid(`failed to parse mtu value: ${JSON.stringify(mtu)}`);
  const subnets = request.ipam.config.filter(c => c.subnet).map(c => checkedSubnet(networks, c, request.ipv6));
  if (request.ipv6 && !subnets.some(s => s.subnet.includes(':'))) networks.freePool(6);
  if (!subnets.some(s => !s.subnet.includes(':'))) subnets.push(freeSubnet(networks));
  return {
    id, name, driver: 'bridge', createdAt, builtin: false, internal: request.internal, ipv6: request.ipv6, attachable: request.attachable,
    labels: request.labels, options, ipamOptions: request.ipam.options, subnets, ownSubnets: request.ipam.config.some(c => c.subnet !== ''), link,
  };
}

function problemsOf(subnet: string, gateway: string, range: string, aux: Record<string, string>): string[] {
  if (!subnet) return gateway || range ? ['every ip-range or gateway must have a corresponding subnet'] : [];
  const block = parseBlock(subnet);
  if (!block) return [`invalid subnet ${subnet}: invalid CIDR block notation`];
  const problems: string[] = [];
  if (addressText(parseAddress(subnet.split('/')[0]!)!.value, block.version) !== addressText(block.first, block.version)) problems.push(`invalid subnet ${subnet}: it should be ${blockText(block)}`);
  if (range) {
    const inner = parseBlock(range);
    if (!inner) problems.push(`invalid ip-range ${range}: invalid CIDR block notation`);
    else if (inner.first < block.first || inner.last > block.last || inner.version !== block.version) problems.push(`invalid ip-range ${range}: parent subnet ${subnet} doesn't contain ip-range`);
  }
  for (const [what, address] of [['gateway', gateway], ...Object.entries(aux).map(([key, value]) => [`auxiliary address ${key}`, value])] as [string, string][]) {
    if (!address) continue;
    const parsed = parseAddress(address);
    if (!parsed) problems.push(`invalid ${what} ${address}: invalid address`);
    else if (!contains(block, parsed)) problems.push(`invalid ${what} ${address}: parent subnet ${subnet} doesn't contain this address`);
  }
  return problems;
}

function checkedSubnet(networks: Networks, { subnet, gateway, range, aux }: NetworkRequest['ipam']['config'][number], ipv6: boolean): Subnet {
  const block = parseBlock(subnet)!;
  if (block.version === 6 && !ipv6) throw invalid(`invalid network config:\ninvalid subnet ${subnet}: IPv6 has not been enabled for this network`);
  if (networks.overlapping(subnet)) throw new SlipwayError('Forbidden', 'Pool overlaps with other one on this address space');
  if (block.version === 4 && block.prefix > 30) throw invalid(`failed to allocate gateway (${gateway}): No available addresses on this pool`);
  const canonical = (address: string) => addressText(parseAddress(address)!.value, block.version);
  const taken = new Set(Object.values(aux).map(canonical));
  let own = range ? parseBlock(range)!.first : block.first;
  while (own === block.first || taken.has(addressText(own, block.version))) own++;
  return {
    subnet: blockText(block), shownGateway: gateway, gateway: gateway ? canonical(gateway) : addressText(own, block.version), range,
    aux: Object.fromEntries(Object.entries(aux).map(([key, value]) => [key, canonical(value)])),
  };
}

function freeSubnet(networks: Networks): Subnet {
  const subnet = networks.freePool(4);
  const gateway = addressText(parseBlock(subnet)!.first + 1n, 4);
  return { subnet, shownGateway: gateway, gateway, range: '', aux: {} };
}

function checkLink(networks: Networks, link: string) {
  if (link.length > MAX_LINK || !/^[^\s/:]+$/.test(link) || link === '.' || link === '..') throw invalid(`invalid bridge name: ${link}`);
  const other = networks.all().find(n => n.link === link);
  if (other) throw new SlipwayError('Forbidden', `cannot create network (bridge name ${link}): conflicts with network ${other.id} (${link}): networks have same bridge name`);
}
