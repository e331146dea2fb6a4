// A container's place in the default bridge: address, ports, and the steps that make and unmake the veth pair inside the host.
// Called by container/start.ts. The endpoint's release is idempotent and undoes only the bookkeeping; `after` steps undo the rest.
import { SlipwayError } from '../errors.ts';
import type { ContainerRecord, Endpoint, Host, PublishedPort } from '../container/model.ts';
import { netnsPath, sandboxIdOf } from '../container/paths.ts';
import type { Step } from '../kernel/protocol.ts';
import { BRIDGE, randomId } from './bridge.ts';
import { wantedPorts } from './port-bindings.ts';
import { publishRules, unpublishRules } from './rules.ts';

export interface JoinedEndpoint { endpoint: Endpoint; before: Step[] }

export function joinBridge(host: Host, record: ContainerRecord): JoinedEndpoint {
  const { bridge } = host;
  const asked = record.endpoints.bridge?.IPAMConfig?.IPv4Address;
  if (asked) throw new SlipwayError('InvalidParameter', 'user specified IP address is supported on user defined networks only');
  const ip = bridge.allocateAddress(null);
  const endpointId = randomId();
  const ports: PublishedPort[] = [];
  try {
    for (const wanted of wantedPorts(record.config, record.hostConfig)) {
      const hostPort = bridge.allocatePort(wanted.hostIp, wanted.hostPort, wanted.lastHostPort, wanted.protocol);
      ports.push({ containerPort: wanted.containerPort, protocol: wanted.protocol, hostIp: wanted.hostIp, hostPort });
    }
  } catch (error) {
    for (const p of ports) bridge.releasePort(p.hostIp, p.hostPort, p.protocol);
    bridge.releaseAddress(ip);
    const why = error instanceof Error ? error.message : String(error);
    throw new SlipwayError('System', `driver failed programming external connectivity on endpoint ${record.name} (${endpointId}): ${why}`, { cause: error });
  }
  const endpoint: Endpoint = {
    endpointId, sandboxId: sandboxIdOf(record.id), network: 'bridge', networkId: bridge.networks.find(n => n.name === 'bridge')!.id,
    ip, prefix: BRIDGE.prefix, gateway: BRIDGE.gateway, mac: record.endpoints.bridge?.MacAddress || macOf(ip), ports,
  };
  bridge.endpoints.set(record.id, endpoint);
  return { endpoint, before: makeLink(endpoint) };
}

/** Idempotent. */
export function leaveBridge(host: Host, record: ContainerRecord) {
  const endpoint = host.bridge.endpoints.get(record.id);
  if (!endpoint) return;
  host.bridge.endpoints.delete(record.id);
  for (const p of endpoint.ports) host.bridge.releasePort(p.hostIp, p.hostPort, p.protocol);
  host.bridge.releaseAddress(endpoint.ip);
}

/** Docker derives it from the address. */
const macOf = (ip: string) => `02:42:${ip.split('.').map(part => Number(part).toString(16).padStart(2, '0')).join(':')}`;
/** Link names have 15 characters at most. */
export const vethName = (endpoint: Endpoint) => `veth${endpoint.endpointId.slice(0, 7)}`;

function makeLink(endpoint: Endpoint): Step[] {
  const netns = netnsPath(endpoint.sandboxId);
  const veth = vethName(endpoint);
  return [
    { do: 'run', argv: ['ip', '-batch', '-'], stdin: [
      `link add ${veth} type veth peer name eth0 address ${endpoint.mac} netns ${netns}`,
      `link set ${veth} master ${BRIDGE.name} up`,
      '',
    ].join('\n') },
    { do: 'run', argv: ['ip', '-batch', '-'], netns, stdin: [
      `addr add ${endpoint.ip}/${endpoint.prefix} brd 172.17.255.255 dev eth0`,
      'link set eth0 up',
      `route add default via ${endpoint.gateway}`,
      '',
    ].join('\n') },
    ...(endpoint.ports.length ? [{ do: 'run', argv: ['nft', '-f', '-'], stdin: publishRules(endpoint.ip, endpoint.ports) } satisfies Step] : []),
  ];
}

/** The network namespace itself is start.ts's. */
export function removeLink(endpoint: Endpoint): Step[] {
  return [
    ...(endpoint.ports.length ? [{ do: 'run', argv: ['nft', '-f', '-'], stdin: unpublishRules(endpoint.ip, endpoint.ports) } satisfies Step] : []),
    { do: 'run', argv: ['ip', 'link', 'delete', vethName(endpoint)] }, // now, rather than whenever the kernel clears the namespace
  ];
}
