// POST /networks/{id}/connect and /disconnect, of a container that runs (links, addresses, names and ports change at once) or not (its next start).
import { SlipwayError } from '../errors.ts';
import { addressText, contains, parseAddress, parseBlock } from '../network/addresses.ts';
import { MADE_ANEW } from '../network/lost.ts';
import { mendNetworks } from './mend.ts';
import { listed } from '../network/create-network.ts';
import { addNames, removeNames, useNameServer } from '../network/names.ts';
import { bindPorts, defaultRoute, gatewayOf, insideLink, join, nameServerOf, outsideLink, publish, publishing, removeLinks, unpublish, vethName } from '../network/endpoint.ts';
import type { Network } from '../network/model.ts';
import type { Step } from '../kernel/protocol.ts';
import { letPortsGo } from '../network/proxies.ts';
import { unpublishRules } from '../network/rules.ts';
import { hostToolboxDir } from '../paths.ts';
import type { EndpointRequest } from './config.ts';
import { runHelper } from './helper.ts';
import { findLinks } from './links.ts';
import { netnsPath, sandboxIdOf } from './paths.ts';
import { undoFile } from './plan.ts';
import { saveContainer } from './records.ts';
import { stepFailure } from './runtime-errors.ts';
import { networkFiles } from './sandbox.ts';
import { inTurn, setState } from './state.ts';
import type { Container, Endpoint, Host, RunningState } from './model.ts';

export function connect(host: Host, container: Container, network: Network, asked: EndpointRequest | null): Promise<void> {
  return inTurn(container, async () => {
    const { record, live } = container;
    if (live.removing || record.state.status === 'dead') throw new SlipwayError('Forbidden', `container is marked for removal and cannot be connected to a network: ${record.id}`);
    checkMayConnect(container, network);
    const complaints = addressComplaints(network, asked);
    if (complaints.length) throw new SlipwayError('InvalidParameter', `invalid endpoint settings:\n${listed(complaints)}`);
    if (isNoMac(asked)) throw new SlipwayError('InvalidParameter', `invalid MAC address ${asked!.MacAddress}`);
    if (running(container)?.endpoints.some(e => e.networkId === network.id)) throw new SlipwayError('Forbidden', `endpoint with name ${record.name} already exists in network ${network.name}`);
    record.endpoints = { ...record.endpoints, [network.name]: asked };
    const state = running(container);
    if (state) await joinLive(host, container, state, network);
    else saveContainer(host, record);
  });
}

export function disconnect(host: Host, container: Container, network: Network, options: { force: boolean }): Promise<void> {
  return inTurn(container, async () => {
    const { record } = container;
    const state = running(container);
    if (state && network.driver === 'host') throw new SlipwayError('Forbidden', record.hostConfig.NetworkMode === 'host' ? 'container cannot be disconnected from host network or connected to host network' : `container ${record.id} is not connected to network ${network.name}`);
    const endpoint = state?.endpoints.find(e => e.networkId === network.id);
    if (!(network.name in record.endpoints) || (state && !endpoint && network.driver !== 'null' && !options.force)) {
      throw new SlipwayError('Forbidden', `container ${record.id} is not connected to ${state ? '' : 'the '}network ${network.name}`);
    }
    record.endpoints = Object.fromEntries(Object.entries(record.endpoints).filter(([name]) => name !== network.name));
    if (state && endpoint) await leaveLive(host, container, state, endpoint);
    else saveContainer(host, record);
    // dockerd says it twice of one that runs: as the link goes, and as it answers.
    for (let said = 0; said < (state ? 2 : 1); said++) host.events.emit('network', 'disconnect', network.id, { container: record.id, name: network.name, type: network.driver });
  });
}

/** Of an address that the user asks for, in dockerd's words. */
export function addressComplaints(network: Network, asked: EndpointRequest | null): string[] {
  const complaints: string[] = [];
  for (const address of [asked?.IPAMConfig?.IPv4Address, asked?.IPAMConfig?.IPv6Address]) {
    if (!address) continue;
    const parsed = parseAddress(address);
    if (network.builtin) complaints.push('user specified IP address is supported on user defined networks only');
    const wanted = address === asked?.IPAMConfig?.IPv4Address ? 4 : 6;
    if (parsed?.version !== wanted) complaints.push(`invalid IPv${wanted} address: ${address}`);
    if (!(network.ownSubnets || network.builtin) || !hasSubnetFor(network, wanted)) complaints.push('user specified IP address is supported only when connecting to networks with user configured subnets');
    else if (parsed?.version !== wanted || !network.subnets.some(s => contains(parseBlock(s.subnet)!, parsed))) complaints.push(`no configured subnet or ip-range contain the IP address ${parsed ? addressText(parsed.value, parsed.version) : address}`);
  }
  for (const address of asked?.IPAMConfig?.LinkLocalIPs ?? []) if (!parseAddress(address)) complaints.push(`invalid link-local IP address: ${address}`);
  if (asked?.Aliases?.length && network.builtin) complaints.push('network-scoped aliases are only supported for user-defined networks');
  return complaints;
}

export const isNoMac = (asked: EndpointRequest | null | undefined): boolean => Boolean(asked?.MacAddress) && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(asked!.MacAddress!);
const hasSubnetFor = (network: Network, version: 4 | 6) => network.subnets.some(s => s.subnet.includes(':') === (version === 6));

function checkMayConnect({ record }: Container, network: Network) {
  const refuse = (why: string) => new SlipwayError('Forbidden', why);
  const { NetworkMode } = record.hostConfig;
  if (NetworkMode === 'host' || (NetworkMode.startsWith('container:') && running({ record } as Container))) throw refuse('container sharing network namespace with another container or host cannot be connected to any other network');
  if (network.driver === 'host') throw refuse('container cannot be disconnected from host network or connected to host network');
  const there = Object.keys(record.endpoints);
  if ((network.driver === 'null' && there.length > 0) || (there.includes('none') && network.driver !== 'null')) throw refuse('container cannot be connected to multiple networks with one of the networks in private (none) mode');
}

function running({ record: { state } }: Container): RunningState | null {
  return state.status === 'running' || state.status === 'paused' ? state : null;
}

async function joinLive(host: Host, container: Container, state: RunningState, network: Network) {
  const { record } = container;
  const asked = record.endpoints;
  let endpoint: Endpoint | null = null;
  try {
    endpoint = join(host, record, network, state.endpoints);
    if (endpoint.dnsNames) await host.nameServer.ensure();
    await change(host, container, state, [...state.endpoints, endpoint], [endpoint], []);
  } catch (error) {
    // Whatever of it was made. The ports of others, if it was to take them over, stay let go.
    if (endpoint) await runHelper(host, { argv: ['busybox', 'true'], after: removeLinks(record.id, [endpoint]) }).catch(failure => host.onError(failure));
    if (endpoint) host.networks.leave(record.id, endpoint);
    if (error instanceof SlipwayError && error.message.endsWith(MADE_ANEW)) await mendNetworks(host).catch(failure => host.onError(failure));
    if (endpoint) record.endpoints = Object.fromEntries(Object.entries(asked).filter(([name]) => name !== network.name));
    saveContainer(host, record);
    throw error;
  }
  host.events.emit('network', 'connect', network.id, { container: record.id, name: network.name, type: network.driver });
}

async function leaveLive(host: Host, container: Container, state: RunningState, endpoint: Endpoint) {
  const next = state.endpoints.filter(e => e !== endpoint);
  try {
    await change(host, container, state, next, [], [endpoint]);
  } catch (error) {
    if (!(error instanceof SlipwayError) || !error.message.endsWith(MADE_ANEW)) throw error;
    setState(host, container, { ...state, endpoints: next }); // all but its rules, which are among those made anew
    await mendNetworks(host);
  }
  host.networks.leave(container.record.id, endpoint);
}

/** From the endpoints it has to those it shall have. Published ports and the default route belong to one of them, which may be another one then. */
async function change(host: Host, container: Container, state: RunningState, next: Endpoint[], added: readonly Endpoint[], removed: readonly Endpoint[]) {
  const { record } = container;
  const netns = netnsPath(sandboxIdOf(record.id));
  const before = publishing(host, state.endpoints);
  const after = publishing(host, next);
  const moved = before?.endpointId !== after?.endpointId;
  const leads = gatewayOf(host, next);
  const taken = moved ? unpublish(record.id, before) : [];
  if (moved && after) {
    if (before) after.ports = before.ports.splice(0);
    else bindPorts(host, record, after);
  } else if (moved && before) {
    for (const p of before.ports.splice(0)) host.networks.releasePort(p.hostIp, p.hostPort, p.protocol);
  }
  const inside = `${added.map(e => insideLink(host, e)).join('')}${gatewayOf(host, state.endpoints)?.endpointId !== leads?.endpointId ? defaultRoute(leads) : ''}`;
  const steps: Step[] = [
    ...taken,
    ...removed.map((e): Step => (e.withoutVeth ? { do: 'run', argv: ['ip', 'link', 'delete', e.ifname], netns } : { do: 'run', argv: ['ip', 'link', 'delete', vethName(e)] })),
    ...(added.length ? [{ do: 'run', argv: ['ip', '-batch', '-'], stdin: added.map(e => outsideLink(host, e, netns)).join('') } satisfies Step] : []),
    ...(inside ? [{ do: 'run', argv: ['ip', '-batch', '-'], netns, stdin: inside } satisfies Step] : []),
    ...([...state.endpoints, ...next].some(e => e.dnsNames) ? useNameServer(netns, nameServerOf(host, next)) : []),
    ...removeNames(record.id, removed), ...addNames(record.id, added),
    ...networkFiles(host, record, next, findLinks(host, record).hosts),
    { do: 'mkdir', path: '/run/docker/network', mode: 0o700 },
    { do: 'write', path: undoFile(record.id), mode: 0o600, text: undo(record.id, next) },
    ...(moved ? publish(record, after) : []), // last: it may fail, and the rest is done then
  ];
  // Among the lab's own processes: proxies of ports stay, and are seen there.
  await runHelper(host, { argv: ['busybox', 'true'], before: steps, cgroup: 'host' }).catch((error: unknown) => {
    throw stepFailure(error, record.name); // proxies.ts knows dockerd's words
  });
  setState(host, container, { ...state, endpoints: next });
}

/** A script for the end of the container: what its start did not know of. Everything in it may be gone already. */
function undo(id: string, endpoints: readonly Endpoint[]): string {
  const rules = endpoints.flatMap(e => (e.ports.length ? [`${hostToolboxDir}/bin/nft -f - <<'END'\n${unpublishRules(e.ip, e.ports)}END\n`] : []));
  const links = endpoints.filter(e => !e.withoutVeth).map(e => `${hostToolboxDir}/bin/ip link delete ${vethName(e)}\n`);
  const rest = [...(endpoints.some(e => e.ports.length) ? letPortsGo(id) : []), ...removeNames(id, endpoints)].map(step => (step.do === 'unlink' ? `rm -f ${step.path}\n` : step.do === 'run' ? `${step.argv.map(quoted).join(' ')}\n` : ''));
  return [...rules, ...links, ...rest].join('');
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
