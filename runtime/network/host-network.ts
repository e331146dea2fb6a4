// What a host needs once, when it is made: docker0, forwarding, and the packet rules. Steps for one helper task.
import type { Step } from '../kernel/protocol.ts';
import { BRIDGE } from './bridge.ts';
import { baseRules } from './rules.ts';

export const hostNetworkSteps: Step[] = [
  { do: 'run', argv: ['ip', '-batch', '-'], stdin: [
    `link add ${BRIDGE.name} address 02:42:ac:11:00:01 type bridge`,
    `addr add ${BRIDGE.gateway}/${BRIDGE.prefix} brd 172.17.255.255 dev ${BRIDGE.name}`,
    `link set ${BRIDGE.name} up`,
    '',
  ].join('\n') },
  // route_localnet: curl localhost:8080 in the host reaches a container; the docker0 side never routes 127/8 in from outside.
  { do: 'run', argv: ['busybox', 'sh', '-c', `echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; echo 0 > /proc/sys/net/ipv6/conf/${BRIDGE.name}/accept_dad || true`] },
  { do: 'run', argv: ['nft', '-f', '-'], stdin: baseRules },
];
