// The bridges of a host, as steps: docker0 with forwarding and packet rules once, when the host is made; one more per user-defined network.
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';
import { broadcast, parseBlock } from './addresses.ts';
import { mtuOf, wantsMasquerade } from './bridge-options.ts';
import { BRIDGE } from './default-networks.ts';
import type { Network } from './model.ts';
import { closeNames, openNames } from './names.ts';
import { hasParent, makeParent, removeParent } from './parent-link.ts';
import { baseRules, bridgeRules, forgetBridgeRules } from './rules.ts';

/** For one helper task. */
export const hostNetworkSteps: Step[] = [
  { do: 'run', argv: ['ip', '-batch', '-'], stdin: [
    `link add ${BRIDGE.name} address 02:42:ac:11:00:01 type bridge`,
    `addr add ${BRIDGE.gateway}/${BRIDGE.prefix} brd 172.17.255.255 dev ${BRIDGE.name}`,
    `link set ${BRIDGE.name} up`,
    '',
  ].join('\n') },
  // route_localnet: curl localhost:8080 in the host reaches a container; the docker0 side never routes 127/8 in from outside.
  // bridge-nf-call: what stays within a bridge is no business of packet rules (ports that are not to talk are isolated by the bridge), and goes a seventh faster past them.
  { do: 'run', argv: ['busybox', 'sh', '-c', `for f in /proc/sys/net/bridge/bridge-nf-call-*; do [ ! -e $f ] || echo 0 > $f || true; done 2>/dev/null; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; echo 0 > /proc/sys/net/ipv6/conf/${BRIDGE.name}/accept_dad || true`] },
  { do: 'run', argv: ['nft', '-f', '-'], stdin: `${baseRules}${bridgeRules({ link: BRIDGE.name, subnet: BRIDGE.subnet, internal: false, masquerade: true })}` },
];

/** What a network is in the host. What fails half-way is undone by removeBridge. */
export function makeBridge(network: Network): Step[] {
  const { link } = network;
  if (network.configOnly) return [];
  if (hasParent(network)) return makeParent(network);
  const mtu = mtuOf(network);
  return [
    // One that is there already is not ours to take.
    { do: 'run', argv: ['busybox', 'sh', '-c', `! ${hostToolboxDir}/bin/ip link show dev "$1" >/dev/null 2>&1 || { echo "docker: existing interface $1 is not a bridge"; exit 1; }`, 'sh', link] },
    { do: 'run', argv: ['ip', '-batch', '-'], stdin: [
      // An address of its own: a bridge without one takes its ports', changing as they come and go, and containers go on sending to the old.
      `link add ${link} address 02:42:${network.id.slice(0, 8).match(/../g)!.join(':')} type bridge`,
      ...(mtu ? [`link set ${link} mtu ${mtu}`] : []),
      ...network.subnets.filter(s => s.gateway).map(({ subnet, gateway }) => {
        const block = parseBlock(subnet)!;
        return `addr add ${gateway}/${block.prefix} ${block.version === 4 ? `brd ${broadcast(block)}` : 'nodad'} dev ${link}`;
      }),
      `link set ${link} up`,
      '',
    ].join('\n') },
    { do: 'run', argv: ['nft', '-f', '-'], stdin: bridgeRules(ruled(network)) },
    ...openNames(network),
  ];
}

export function removeBridge(network: Network): Step[] {
  if (network.configOnly) return [];
  if (hasParent(network)) return removeParent(network);
  return [
    ...closeNames(network),
    { do: 'run', argv: ['nft', '-f', '-'], stdin: forgetBridgeRules(ruled(network)) },
    { do: 'run', argv: ['ip', 'link', 'delete', network.link] },
  ];
}

export const ruled = (network: Network) => ({ link: network.link, internal: network.internal, masquerade: wantsMasquerade(network), subnet: network.subnets.find(s => !s.subnet.includes(':'))!.subnet });
