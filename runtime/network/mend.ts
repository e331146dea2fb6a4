// What a learner, who is root of the host, may have taken away from under the engine: bridges, and packet rules (`ip link delete docker0`, `nft flush ruleset`).
// dockerd finds out at the next start, says so, and needs to be started anew; here it is made anew at once, so that the next try works. Pure; container/mend.ts has it done.
import type { Endpoint } from '../container/model.ts';
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';
import { broadcast, parseBlock } from './addresses.ts';
import { vethName } from './endpoint.ts';
import { ruled } from './host-network.ts';
import type { Network } from './model.ts';
import { baseRules, bridgeRules, publishRules } from './rules.ts';

/** As `after`: each is tried, whatever became of the others. */
export function mendSteps(bridges: readonly Network[], endpoints: readonly Endpoint[]): Step[] {
  const tables = ['ip docker', 'inet docker_isolation'].map(table => `table ${table}\ndelete table ${table}\n`).join('');
  return [
    ...bridges.map((network): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', `${hostToolboxDir}/bin/ip link show dev "$1" >/dev/null 2>&1 || ${hostToolboxDir}/bin/ip -batch -`, 'sh', network.link], stdin: bridgeLines(network, endpoints) })),
    { do: 'run', argv: ['nft', '-f', '-'], stdin: `${tables}${baseRules}${bridges.map(n => bridgeRules(ruled(n))).join('')}${endpoints.map(e => publishRules(e.ip, e.ports)).join('')}` },
  ];
}

function bridgeLines(network: Network, endpoints: readonly Endpoint[]): string {
  const addresses = network.subnets.filter(s => s.gateway).map(({ subnet, gateway }) => {
    const block = parseBlock(subnet)!;
    return `addr add ${gateway}/${block.prefix} ${block.version === 4 ? `brd ${broadcast(block)}` : 'nodad'} dev ${network.link}\n`;
  });
  const plugs = endpoints.filter(e => e.networkId === network.id && !e.withoutVeth).map(e => `link set ${vethName(e)} master ${network.link}\n`);
  return `link add ${network.link} type bridge\n${addresses.join('')}link set ${network.link} up\n${plugs.join('')}`;
}
