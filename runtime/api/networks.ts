// Routes of networks: list, inspect, create, remove, prune, connect, disconnect.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Network
import { z } from 'zod';
import { endpointSchema } from '../container/config.ts';
import { connect, disconnect } from '../container/connect.ts';
import { createNetwork, removeNetwork } from '../container/network-verbs.ts';
import { SlipwayError } from '../errors.ts';
import type { Network } from '../network/model.ts';
import type { Api } from './api.ts';
import { NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT } from './go-structs.ts';
import { pruneFilter } from './prune.ts';
import { boolFilter, filters, labelsMatch, text, type Filters } from './query.ts';
import { route } from './route.ts';

const string = z.string().nullish().transform(v => v ?? '');
const flag = z.boolean().nullish().transform(v => v ?? false);
const strings = z.record(z.string(), z.string()).nullish();

const createBody = z.object({
  Name: string, Driver: string, Scope: string, CheckDuplicate: z.boolean().nullish(), Internal: flag, Attachable: flag, Ingress: flag, ConfigOnly: flag, EnableIPv6: flag,
  Options: strings.transform(v => v ?? {}), Labels: strings.transform(v => v ?? {}),
  ConfigFrom: z.object({ Network: string }).nullish(),
  IPAM: z.object({
    Driver: string, Options: strings.transform(v => v ?? null),
    Config: z.array(z.object({ Subnet: string, IPRange: string, Gateway: string, AuxiliaryAddresses: strings.transform(v => v ?? {}) })).nullish().transform(v => v ?? []),
  }).nullish(),
});

const GO_BOOLEANS = ['1', 't', 'T', 'true', 'TRUE', 'True', '0', 'f', 'F', 'false', 'FALSE', 'False'];

export const networkRoutes = [
  route('GET', '/networks', {
    query: z.object({ filters: filters(['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']) }),
    handle: ({ api }, query) => ({ status: 200, json: api.host.networks.all().filter(n => matches(api, n, query.filters)).map(n => describe(api, n, false)) }),
  }),

  route('POST', '/networks/create', {
    body: createBody, bodyMayBeEmpty: true, goStruct: NETWORK_CREATE,
    async handle({ api }, _query, body) {
      const network = await createNetwork(api.host, {
        name: body.Name, driver: body.Driver, scope: body.Scope, internal: body.Internal, ipv6: body.EnableIPv6, attachable: body.Attachable, ingress: body.Ingress, configOnly: body.ConfigOnly, configFrom: body.ConfigFrom?.Network ?? '',
        labels: body.Labels, options: body.Options,
        ipam: { driver: body.IPAM?.Driver ?? '', options: body.IPAM?.Options ?? null, config: (body.IPAM?.Config ?? []).map(c => ({ subnet: c.Subnet, gateway: c.Gateway, range: c.IPRange, aux: c.AuxiliaryAddresses })) },
      });
      return { status: 201, json: { Id: network.id, Warning: '' } };
    },
  }),

  route('POST', '/networks/prune', {
    query: z.object({ filters: filters(['label', 'label!', 'until']) }),
    async handle({ api }, query) {
      const isToPrune = pruneFilter(query.filters);
      const removed: string[] = [];
      for (const network of api.host.networks.all().filter(n => !n.builtin && !n.configOnly && isUnused(api, n) && isToPrune({ labels: n.labels, created: n.createdAt }))) {
        await removeNetwork(api.host, network);
        removed.push(network.name);
      }
      api.host.events.emit('network', 'prune', '', { reclaimed: '0' });
      return { status: 200, json: { NetworksDeleted: removed.length ? removed : null } };
    },
  }),

  route('GET', '/networks/:name*', {
    query: z.object({ verbose: text, scope: text }),
    handle({ api, params }, query) {
      if (query.verbose && !GO_BOOLEANS.includes(query.verbose)) throw new SlipwayError('InvalidParameter', `invalid value for verbose: ${query.verbose}: strconv.ParseBool: parsing ${JSON.stringify(query.verbose)}: invalid syntax`);
      const network = api.host.networks.resolve(params.name!);
      if (query.scope && query.scope !== (network.scope ?? 'local')) throw new SlipwayError('NotFound', `network ${params.name!} not found`);
      return { status: 200, json: describe(api, network, true) };
    },
  }),

  route('DELETE', '/networks/:name*', {
    async handle({ api, params }) {
      await removeNetwork(api.host, api.host.networks.resolve(params.name!));
      return { status: 204 };
    },
  }),

  route('POST', '/networks/:name*/connect', {
    body: z.object({ Container: string, EndpointConfig: endpointSchema.nullish() }), bodyMayBeEmpty: true, goStruct: NETWORK_CONNECT,
    async handle({ api, params }, _query, body) {
      if (!body.Container) throw new SlipwayError('InvalidParameter', 'invalid name or ID supplied: ""');
      const container = api.verbs.resolve(api.host, body.Container);
      await connect(api.host, container, api.host.networks.resolve(params.name!), body.EndpointConfig ?? null);
      return { status: 200 };
    },
  }),

  route('POST', '/networks/:name*/disconnect', {
    body: z.object({ Container: string, Force: flag }), bodyMayBeEmpty: true, goStruct: NETWORK_DISCONNECT,
    async handle({ api, params }, _query, body) {
      if (!body.Container && !body.Force) throw new SlipwayError('InvalidParameter', 'invalid name or ID supplied: ""');
      const network = api.host.networks.resolve(params.name!);
      await disconnect(api.host, member(api, body.Container, body.Force), network, { force: body.Force });
      return { status: 200 };
    },
  }),
];

/** With force the network is looked at rather than the containers. */
function member(api: Api, ref: string, force: boolean) {
  try {
    return api.verbs.resolve(api.host, ref);
  } catch (error) {
    throw force ? new SlipwayError('NotFound', `endpoint ${ref} not found`, { cause: error }) : error;
  }
}

function describe(api: Api, network: Network, withContainers: boolean): Record<string, unknown> {
  return {
    Name: network.name, Id: network.id, Created: network.createdAt, Scope: network.scope ?? 'local', Driver: network.driver, EnableIPv6: network.ipv6,
    IPAM: { Driver: 'default', Options: network.ipamOptions, Config: network.subnets.length ? network.subnets.map(s => ({
      Subnet: s.subnet, ...(s.range ? { IPRange: s.range } : {}), ...(s.shownGateway ? { Gateway: s.shownGateway } : {}), ...(Object.keys(s.aux).length ? { AuxiliaryAddresses: s.aux } : {}),
    })) : null },
    Internal: network.internal, Attachable: network.attachable, Ingress: false, ConfigFrom: { Network: network.configFrom ?? '' }, ConfigOnly: network.configOnly ?? false,
    Containers: withContainers ? containersOf(api, network) : {}, Options: network.options, Labels: network.labels,
  };
}

function containersOf(api: Api, network: Network): Record<string, unknown> {
  const members: [string, unknown][] = [];
  for (const { record } of api.host.containers.values()) {
    if (record.state.status !== 'running' && record.state.status !== 'paused') continue;
    const endpoint = record.state.endpoints.find(e => e.networkId === network.id);
    if (!endpoint && ((network.driver !== 'host' && network.driver !== 'null') || !(network.name in record.endpoints))) continue;
    members.push([record.id, {
      Name: record.name, EndpointID: endpoint?.endpointId ?? '', MacAddress: endpoint?.mac ?? '',
      IPv4Address: endpoint ? `${endpoint.ip}/${endpoint.prefix}` : '', IPv6Address: endpoint?.ip6 ? `${endpoint.ip6}/${endpoint.prefix6}` : '',
    }]);
  }
  return Object.fromEntries(members);
}

const isUnused = (api: Api, network: Network) => api.host.networks.members(network).size === 0;

function matches(api: Api, network: Network, wanted: Filters): boolean {
  const types = wanted.get('type') ?? [];
  for (const type of types) if (type !== 'builtin' && type !== 'custom') throw new SlipwayError('System', `invalid filter: 'type'='${type}'`);
  const dangling = boolFilter(wanted, 'dangling', () => 'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")');
  return (wanted.get('driver')?.includes(network.driver) ?? true)
    && (wanted.get('scope')?.includes(network.scope ?? 'local') ?? true)
    && (wanted.get('name')?.some(n => network.name.includes(n)) ?? true)
    && (wanted.get('id')?.some(id => network.id.startsWith(id)) ?? true)
    && labelsMatch(wanted.get('label'), network.labels)
    && (types.length === 0 || types.includes(network.builtin ? 'builtin' : 'custom'))
    && (dangling === null || dangling === (!network.builtin && isUnused(api, network))); // default networks never dangle
}
