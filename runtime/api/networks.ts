// Routes of networks: list and inspect of Docker's three default networks of this host. They can be neither made nor removed here.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { BRIDGE, type DefaultNetwork } from '../network/bridge.ts';
import type { Api } from './api.ts';
import { boolFilter, bool, filters, labelsMatch, text, type Filters } from './query.ts';
import { route } from './route.ts';

export const networkRoutes = [
  route('GET', '/networks', {
    query: z.object({ filters: filters(['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']) }),
    handle: ({ api }, query) => ({ status: 200, json: api.host.bridge.networks.filter(n => matches(n, query.filters)).map(n => describe(api, n, false)) }),
  }),

  route('GET', '/networks/:name', {
    query: z.object({ verbose: bool, scope: text }),
    handle: ({ api, params }) => ({ status: 200, json: describe(api, find(api, params.name!), true) }),
  }),

  route('DELETE', '/networks/:name', {
    handle({ api, params }) {
      throw new SlipwayError('Forbidden', `${find(api, params.name!).name} is a pre-defined network and cannot be removed`);
    },
  }),
];

function find(api: Api, name: string): DefaultNetwork {
  const { networks } = api.host.bridge;
  const found = networks.find(n => n.name === name || n.id === name) ?? networks.find(n => name !== '' && n.id.startsWith(name));
  if (!found) throw new SlipwayError('NotFound', `network ${name} not found`);
  return found;
}

function describe(api: Api, network: DefaultNetwork, withContainers: boolean): Record<string, unknown> {
  const isBridge = network.name === 'bridge';
  return {
    Name: network.name, Id: network.id, Created: api.host.bridge.createdAt, Scope: 'local', Driver: network.driver, EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: isBridge ? [{ Subnet: BRIDGE.subnet, Gateway: BRIDGE.gateway }] : null },
    Internal: false, Attachable: false, Ingress: false, ConfigFrom: { Network: '' }, ConfigOnly: false,
    Containers: withContainers ? containersOf(api, network) : {},
    Options: isBridge ? {
      'com.docker.network.bridge.default_bridge': 'true', 'com.docker.network.bridge.enable_icc': 'true', 'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0', 'com.docker.network.bridge.name': BRIDGE.name, 'com.docker.network.driver.mtu': '1500',
    } : {},
    Labels: {},
  };
}

function containersOf(api: Api, network: DefaultNetwork): Record<string, unknown> {
  const members: [string, unknown][] = [];
  for (const { record } of api.host.containers.values()) {
    if (record.state.status !== 'running' && record.state.status !== 'paused') continue;
    const { endpoint } = record.state;
    if (network.name === 'bridge' ? endpoint?.networkId !== network.id : record.hostConfig.NetworkMode !== network.name) continue;
    members.push([record.id, { Name: record.name, EndpointID: endpoint?.endpointId ?? '', MacAddress: endpoint?.mac ?? '', IPv4Address: endpoint ? `${endpoint.ip}/${endpoint.prefix}` : '', IPv6Address: '' }]);
  }
  return Object.fromEntries(members);
}

function matches(network: DefaultNetwork, wanted: Filters): boolean {
  const types = wanted.get('type') ?? [];
  for (const type of types) if (type !== 'builtin' && type !== 'custom') throw new SlipwayError('InvalidParameter', `invalid filter: 'type'='${type}'`);
  return (wanted.get('driver')?.includes(network.driver) ?? true)
    && (wanted.get('scope')?.includes('local') ?? true)
    && (wanted.get('name')?.some(n => network.name.includes(n)) ?? true)
    && (wanted.get('id')?.some(id => network.id.startsWith(id)) ?? true)
    && labelsMatch(wanted.get('label'), {})
    && (types.length === 0 || types.includes('builtin'))
    && boolFilter(wanted, 'dangling') !== true; // default networks never dangle
}
