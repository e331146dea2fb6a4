// What `docker network create` asks for, checked in dockerd's order and words, as the record of a network. Pure but for the pool it takes;
// container/network-verbs.ts makes the bridge.
import { SlipwayError } from '../errors.ts';
import { checkBridgeOptions } from './bridge-options.ts';
import { parentOf } from './parent-link.ts';
import { addressText, blockText, contains, parseAddress, parseBlock } from './addresses.ts';
import { randomId } from './default-networks.ts';
import type { Network, Networks, Subnet } from './model.ts';

export interface NetworkRequest {
  name: string; driver: string; internal: boolean; ipv6: boolean; attachable: boolean; ingress: boolean; scope: string; configOnly: boolean; configFrom: string;
  labels: Record<string, string>; options: Record<string, string>;
  ipam: { driver: string; options: Record<string, string> | null; config: { subnet: string; gateway: string; range: string; aux: Record<string, string> }[] };
}

const SWARM = 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
const invalid = (message: string) => new SlipwayError('InvalidParameter', message);
/** Link names have 15 characters at most. */
const MAX_LINK = 15;
const DRIVERS = ['bridge', 'macvlan', 'ipvlan'] as const;

/** As Go's joined errors are written here: one as it is, several as a list. */
export const listed = (complaints: readonly string[]) => (complaints.length === 1 ? complaints[0]! : complaints.map(c => `* ${c}`).join('\n'));

export function newNetwork(networks: Networks, request: NetworkRequest, createdAt: string): Network {
  const { name } = request;
  if (['bridge', 'host', 'none', 'default'].includes(name)) throw new SlipwayError('Forbidden', `operation is not permitted on predefined ${name} network `);
  if (networks.all().some(n => n.name === name)) throw new SlipwayError('Conflict', `network with name ${name} already exists`);
  if (request.scope === 'swarm') throw new SlipwayError('Forbidden', 'cannot create a swarm scoped network when swarm is not active');
  if (request.ingress) throw new SlipwayError('Forbidden', 'Ingress network can only be global scope network');
  if (request.driver === 'overlay' && !request.configOnly) throw new SlipwayError('Unavailable', SWARM);
  const problems = request.ipam.config.flatMap(({ subnet, gateway, range, aux }) => problemsOf(subnet, gateway, range, aux));
  if (problems.length) throw invalid(`invalid network config:\n${listed(problems)}`);
  if (name.trim() === '') throw invalid(`invalid name: ${name}`);
  if (request.configOnly && (request.ingress || request.internal || request.attachable || request.scope !== '')) throw new SlipwayError('Forbidden', 'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.');
  if (request.configOnly) return configuration(request, createdAt);
  const { driver: asked, options, labels, internal, ipv6, ipam, ownSubnets } = request.configFrom ? configured(networks, request) : { ...request, ownSubnets: request.ipam.config.some(c => c.subnet !== '') };
  if (asked === 'host' || asked === 'null') throw new SlipwayError('Forbidden', `only one instance of "${asked}" network is allowed`);
  const driver = DRIVERS.find(known => known === (asked || 'bridge'));
  if (!driver) throw new SlipwayError('NotFound', `plugin "${asked}" not found`);
  if (ipam.driver === 'null') throw new SlipwayError('System', ownSubnets ? 'null ipam driver does not handle specific address pool requests' : 'ipv4 pool is empty');
  if (ipam.driver && ipam.driver !== 'default') throw new SlipwayError('NotFound', `plugin "${ipam.driver}" not found`);
  const subnets = ipam.config.filter(c => c.subnet).map(c => checkedSubnet(networks, c, ipv6)).sort((a, b) => Number(a.subnet.includes(':')) - Number(b.subnet.includes(':')));
  if (!subnets.some(s => !s.subnet.includes(':'))) subnets.push(freeSubnet(networks));
  if (ipv6 && !subnets.some(s => s.subnet.includes(':'))) networks.freePool(6);
  const id = randomId();
  const link = driver === 'bridge' ? bridgeLink(networks, id, options, subnets) : parentOf(networks.all(), driver, id, options);
  return {
    id, name, driver, createdAt, builtin: false, internal, ipv6, attachable: request.attachable, labels, options, ipamOptions: ipam.options, subnets, ownSubnets, link,
    ...(request.scope && request.scope !== 'local' ? { scope: request.scope } : {}), ...(request.configFrom ? { configFrom: request.configFrom } : {}),
  };
}

function bridgeLink(networks: Networks, id: string, options: Record<string, string>, subnets: readonly Subnet[]): string {
  checkBridgeOptions(options);
  if ([4, 6].some(version => subnets.filter(s => parseBlock(s.subnet)!.version === version).length > 1)) throw invalid('bridge driver doesn\'t support multiple subnets');
  const link = options['com.docker.network.bridge.name'] || `br-${id.slice(0, 12)}`;
  const other = networks.all().find(n => n.link === link);
  if (other) throw new SlipwayError('Forbidden', `cannot create network ${id} (${link}): conflicts with network ${other.id} (${link}): networks have same bridge name`);
  if (link.length > MAX_LINK) throw new SlipwayError('System', 'numerical result out of range');
  if (!/^[^\s/:]+$/.test(link) || link === '.' || link === '..') throw new SlipwayError('System', 'invalid argument');
  return link;
}

/** Settings that other networks are made from: nothing is taken, and nothing is made. */
function configuration({ name, configFrom, internal, ipv6, attachable, labels, options, ipam }: NetworkRequest, createdAt: string): Network {
  if (configFrom) throw new SlipwayError('Forbidden', 'a configuration network cannot depend on another configuration network');
  return {
    id: randomId(), name, driver: 'null', createdAt, builtin: false, internal, ipv6, attachable, labels, options, ipamOptions: ipam.options, ownSubnets: true, link: '', configOnly: true,
    subnets: ipam.config.filter(c => c.subnet).map(c => ({ subnet: c.subnet, shownGateway: c.gateway, gateway: c.gateway, range: c.range, aux: c.aux })),
  };
}

function configured(networks: Networks, request: NetworkRequest) {
  const from = networks.all().find(n => n.name === request.configFrom || n.id === request.configFrom);
  const refuse = (message: string) => new SlipwayError('Forbidden', message);
  if (request.ipam.config.some(c => c.subnet) || Object.keys(request.labels).length || request.ipv6 || request.ipam.driver.replace('default', '')) throw refuse('user specified configurations are not supported if the network depends on a configuration network');
  if (Object.keys(request.options).length) throw refuse('network driver options are not supported if the network depends on a configuration network');
  if (!from) throw new SlipwayError('NotFound', `configuration network ${JSON.stringify(request.configFrom)} does not exist`);
  if (!from.configOnly) throw refuse(`network ${JSON.stringify(request.configFrom)} is not a configuration network`);
  return {
    driver: request.driver, internal: request.internal, ipv6: from.ipv6, labels: { ...from.labels }, options: { ...from.options }, ownSubnets: from.subnets.length > 0,
    ipam: { driver: '', options: from.ipamOptions && { ...from.ipamOptions }, config: from.subnets.map(s => ({ subnet: s.subnet, gateway: s.shownGateway, range: s.range, aux: { ...s.aux } })) },
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
  // Shown, and used for nothing.
  if (block.version === 6 && !ipv6) return { subnet, shownGateway: gateway, gateway: '', range, aux };
  if (networks.overlapping(subnet)) throw new SlipwayError('Forbidden', 'Pool overlaps with other one on this address space');
  const canonical = (address: string) => addressText(parseAddress(address)!.value, block.version);
  const taken = new Set(Object.values(aux).map(canonical));
  let own = range ? parseBlock(range)!.first : block.first;
  while ((own === block.first && block.prefix < (block.version === 4 ? 31 : 127)) || taken.has(addressText(own, block.version))) own++;
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
