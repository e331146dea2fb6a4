// Packet rules of a host's default bridge, as nft text: forwarding and masquerade once per host, one map element per published port.
// Maps rather than rules, so that taking a port back needs no handle. Pure. https://wiki.nftables.org/wiki-nftables/index.php/Maps
import type { PublishedPort } from '../container/model.ts';
import { BRIDGE } from './bridge.ts';

const protocols = ['tcp', 'udp', 'sctp'] as const;

/** Connections to an address of the host, from outside, from containers and from the host itself (also by localhost), are sent on. */
export const baseRules = `
table ip docker {
${protocols.map(p => `	map ${p}_any { type inet_service : ipv4_addr . inet_service; }
	map ${p}_at { type ipv4_addr . inet_service : ipv4_addr . inet_service; }`).join('\n')}
	chain published {
${protocols.map(p => `		dnat ip to ip daddr . ${p} dport map @${p}_at
		dnat ip to ${p} dport map @${p}_any`).join('\n')}
	}
	chain prerouting {
		type nat hook prerouting priority dstnat;
		fib daddr type local jump published
	}
	chain output {
		type nat hook output priority dstnat;
		fib daddr type local jump published
	}
	chain postrouting {
		type nat hook postrouting priority srcnat;
		ip saddr ${BRIDGE.subnet} oifname != "${BRIDGE.name}" masquerade
		oifname "${BRIDGE.name}" ct status dnat ip saddr ${BRIDGE.subnet} masquerade
		oifname "${BRIDGE.name}" ip saddr 127.0.0.0/8 masquerade
	}
}
`;

export const publishRules = (ip: string, ports: readonly PublishedPort[]) => ports.map(p => `add element ip docker ${element(ip, p)}\n`).join('');
export const unpublishRules = (ip: string, ports: readonly PublishedPort[]) => ports.map(p => `delete element ip docker ${element(ip, p)}\n`).join('');

function element(ip: string, p: PublishedPort): string {
  const any = p.hostIp === '' || p.hostIp === '0.0.0.0';
  return any ? `${p.protocol}_any { ${p.hostPort} : ${ip} . ${p.containerPort} }` : `${p.protocol}_at { ${p.hostIp} . ${p.hostPort} : ${ip} . ${p.containerPort} }`;
}
