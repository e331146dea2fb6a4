// Packet rules of a host as nft text: forwarding, isolation and masquerade once per host, set elements per network, one map element per published
// port. Sets and maps rather than rules, so that taking something back needs no handle. Pure. https://wiki.nftables.org/wiki-nftables/index.php/Maps
import type { PublishedPort } from '../container/model.ts';

const protocols = ['tcp', 'udp', 'sctp'] as const;

/**
 * Connections to an address of the host, from outside, from containers and from the host itself (also by localhost), are sent on to published ports,
 * from whichever network they come: dockerd's proxy processes reach as far. Otherwise networks do not see each other, and an internal one nothing else.
 */
export const baseRules = `
table ip docker {
${protocols.map(p => `	map ${p}_any { type inet_service : ipv4_addr . inet_service; }
	map ${p}_at { type ipv4_addr . inet_service : ipv4_addr . inet_service; }`).join('\n')}
	set bridges { type ifname; }
	set subnets { type ipv4_addr; flags interval; }
	set own { type ifname . ipv4_addr; flags interval; }
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
		ip saddr @subnets oifname != @bridges masquerade
		ct status dnat oifname . ip saddr @own masquerade
		oifname @bridges ip saddr 127.0.0.0/8 masquerade
	}
}
table inet docker_isolation {
	set bridges { type ifname; }
	set internal { type ifname; }
	set same { type ifname . ifname; }
	chain forward {
		type filter hook forward priority filter;
		iifname . oifname @same accept
		iifname @internal drop
		oifname @internal drop
		ct state established,related accept
		ct status dnat accept
		iifname @bridges oifname @bridges drop
	}
}
`;

export const bridgeRules = (bridge: RuledBridge) => elements('add', bridge);
export const forgetBridgeRules = (bridge: RuledBridge) => elements('delete', bridge);

/** Its IPv4 subnet. An internal network is never masqueraded. */
export interface RuledBridge { link: string; subnet: string; internal: boolean; masquerade: boolean }

function elements(verb: 'add' | 'delete', { link, subnet, internal, masquerade }: RuledBridge): string {
  const name = JSON.stringify(link);
  return [
    `${verb} element ip docker bridges { ${name} }`, `${verb} element ip docker own { ${name} . ${subnet} }`, ...(internal || !masquerade ? [] : [`${verb} element ip docker subnets { ${subnet} }`]),
    `${verb} element inet docker_isolation bridges { ${name} }`, `${verb} element inet docker_isolation same { ${name} . ${name} }`,
    ...(internal ? [`${verb} element inet docker_isolation internal { ${name} }`] : []),
    '',
  ].join('\n');
}

/** Those of IPv4; IPv6 goes through proxies (proxies.ts). */
export const publishRules = (ip: string, ports: readonly PublishedPort[]) => ofIPv4(ports).map(p => `add element ip docker ${element(ip, p)}\n`).join('');
export const unpublishRules = (ip: string, ports: readonly PublishedPort[]) => ofIPv4(ports).map(p => `delete element ip docker ${element(ip, p)}\n`).join('');
const ofIPv4 = (ports: readonly PublishedPort[]) => ports.filter(p => !p.hostIp.includes(':'));

function element(ip: string, p: PublishedPort): string {
  const any = p.hostIp === '' || p.hostIp === '0.0.0.0';
  return any ? `${p.protocol}_any { ${p.hostPort} : ${ip} . ${p.containerPort} }` : `${p.protocol}_at { ${p.hostIp} . ${p.hostPort} : ${ip} . ${p.containerPort} }`;
}

/**
 * In a container's own network namespace: its name server 127.0.0.11 is the host's, which listens on the bridge (names.ts).
 * The table is made anew each time, since the bridge may be another one after a disconnect.
 */
export const nameServerRules = (gateway: string, port: number) => `
table ip docker_dns
delete table ip docker_dns
table ip docker_dns {
	chain output {
		type nat hook output priority dstnat;
		ip daddr 127.0.0.11 udp dport 53 dnat to ${gateway}:${port}
		ip daddr 127.0.0.11 tcp dport 53 dnat to ${gateway}:${port}
	}
	chain postrouting {
		type nat hook postrouting priority srcnat;
		ip daddr ${gateway} udp dport ${port} masquerade
		ip daddr ${gateway} tcp dport ${port} masquerade
	}
}
`;
