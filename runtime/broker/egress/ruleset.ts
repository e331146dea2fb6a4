// What a lab's gate lets through, as text for nft and dnsmasq. Pure; loaded inside the gate (gate-script.ts), where the lab's root has no say.
// Refused always: the machine's own addresses, loopback, link-local and other addresses that lead to nobody's server. Private ones only when a block in
// the list lies within them. Names are opened by their own answers, for an hour; a name cannot open an address that is refused.
// https://wiki.nftables.org/wiki-nftables/index.php/Sets , dnsmasq(8): nftset
import { contains, formatBlock, parseAllowed, parseBlock, reaches, type Allowed, type Block } from '../../kernel/egress.ts';
import { LAB_SIDE } from '../../kernel/egress-link.ts';

/** The gate's side towards slirp4netns, whose IPv6 network cannot be chosen (slirp4netns(1)). */
export const OUTSIDE = { cidr: '192.0.2.0/24', ip: '192.0.2.100', gateway: '192.0.2.2', dns: '192.0.2.3', ip6: 'fd00::100', gateway6: 'fd00::2', dns6: 'fd00::3' } as const;

const NEVER = [
  '0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', OUTSIDE.cidr, '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4', `${LAB_SIDE.gateway}/${LAB_SIDE.prefix}`,
  '::/127', '::ffff:0:0/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/32', '2002::/16', 'fd00::/48', 'fe80::/10', 'fec0::/10', 'ff00::/8',
];
const PRIVATE = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

export interface GateRules { allow: readonly string[]; connectionsPerSecond: number; /** The machine's. */ own: readonly string[]; ipv6: boolean; /** Where names are asked for: slirp4netns passes it on to the machine's resolver. */ dns: string }

type Name = Exclude<Allowed, { kind: 'block' }>;
const LATELY = '1h';
const MOST_CONNECTIONS = 256;

/**
 * Names with the ports that all entries about them open together, grouped by those ports: dnsmasq puts an answer into the sets of one pattern only. So a name
 * and the names below it, when both are listed, have their ports in common.
 */
function nameGroups(entries: Allowed[]): { ports: number[]; names: Name[] }[] {
  const names = entries.filter(entry => entry.kind !== 'block');
  const found = new Map<string, { ports: number[]; names: Name[] }>();
  for (const name of names) {
    if (names.find(other => other.kind === name.kind && other.name === name.name) !== name) continue;
    const about = names.filter(other => other.name === name.name || reaches(other, name));
    const ports = about.some(other => other.ports.length === 0) ? [] : [...new Set(about.flatMap(other => other.ports))].sort((a, b) => a - b);
    const key = ports.join(',');
    found.set(key, { ports, names: [...found.get(key)?.names ?? [], name] });
  }
  return [...found.values()];
}

const parsed = (allow: readonly string[]) => allow.flatMap(text => parseAllowed(text) ?? []);
const isPrivate = (block: Block) => PRIVATE.some(text => contains(parseBlock(text)!, block));
const listed = (blocks: readonly string[], version: 4 | 6) => blocks.filter(text => text.includes(':') === (version === 6));
const set = (name: string, version: 4 | 6, blocks: readonly string[]) => `	set ${name}${version} { type ipv${version}_addr; flags interval; auto-merge;${listed(blocks, version).length ? ` elements = { ${listed(blocks, version).join(', ')} };` : ''} }`;

export function gateRuleset({ allow, connectionsPerSecond, own, ipv6 }: GateRules): string {
  const entries = parsed(allow);
  const groups = nameGroups(entries);
  const blocks = entries.filter(entry => entry.kind === 'block');
  const toBlocks = (those: typeof blocks) => those.flatMap(({ block, ports }) => passes(block.version, `{ ${formatBlock(block)} }`, ports));
  const versions = ipv6 ? [4, 6] as const : [4] as const;
  return `
table inet gate {
${([4, 6] as const).flatMap(version => [set('never', version, NEVER), set('own', version, own), set('private', version, PRIVATE), ...groups.map((_group, i) => `	set names${i}_${version} { type ipv${version}_addr; flags timeout; timeout ${LATELY}; size 8192; }`)]).join('\n')}
	chain refuse {
		# An answer by ICMPv6 comes before connect() listens for it, and costs it a second.
		meta nfproto ipv6 meta l4proto tcp reject with tcp reset
		reject with icmpx admin-prohibited
	}
	chain pass {
		ct state new limit rate over ${connectionsPerSecond}/second burst ${connectionsPerSecond * 2} packets goto refuse
		ct state new ct count over ${MOST_CONNECTIONS} goto refuse
		accept
	}
	chain outward {
		ct state established,related accept
		ct state != new drop
		ip daddr @never4 goto refuse
		ip daddr @own4 goto refuse
		ip6 daddr @never6 goto refuse
		ip6 daddr @own6 goto refuse
${toBlocks(blocks.filter(({ block }) => isPrivate(block))).join('\n')}
		ip daddr @private4 goto refuse
		ip6 daddr != 2000::/3 goto refuse
${toBlocks(blocks.filter(({ block }) => !isPrivate(block))).join('\n')}
${groups.flatMap(({ ports }, i) => versions.flatMap(version => passes(version, `@names${i}_${version}`, ports))).join('\n')}
		goto refuse
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		iifname "tap0" oifname "lab0" ct state established,related accept
		iifname "lab0" ip saddr ${LAB_SIDE.ip} goto outward
		iifname "lab0" ip6 saddr ${LAB_SIDE.ip6} goto outward
	}
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		ct state established,related accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
		iifname "lab0" ip saddr ${LAB_SIDE.ip} ip daddr ${LAB_SIDE.dns} jump asks
		iifname "lab0" ip6 saddr ${LAB_SIDE.ip6} ip6 daddr ${LAB_SIDE.dns6} jump asks
		iifname "lab0" ip saddr ${LAB_SIDE.ip} ip daddr ${LAB_SIDE.gateway} icmp type echo-request limit rate 10/second accept
		iifname "lab0" ip saddr ${LAB_SIDE.ip} goto refuse
		iifname "lab0" ip6 saddr ${LAB_SIDE.ip6} goto refuse
	}
	chain asks {
		udp dport 53 limit rate 50/second burst 200 packets accept
		tcp dport 53 limit rate 20/second burst 200 packets accept
	}
	chain output {
		type filter hook output priority filter; policy drop;
		oifname "lo" accept
		oifname "lab0" accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
		oifname "tap0" ct state established accept
		oifname "tap0" ip daddr ${OUTSIDE.dns} meta l4proto { tcp, udp } th dport 53 accept
		oifname "tap0" ip6 daddr ${OUTSIDE.dns6} meta l4proto { tcp, udp } th dport 53 accept
	}
	chain leave {
		type nat hook postrouting priority srcnat;
		oifname "tap0" masquerade
	}
}
`;
}

/** With ports only TCP; without, UDP and questions whether somebody is there as well. */
function passes(version: 4 | 6, where: string, ports: number[]): string[] {
  const to = `		${version === 4 ? 'ip' : 'ip6'} daddr ${where}`;
  if (ports.length) return [`${to} tcp dport { ${ports.join(', ')} } goto pass`];
  return [`${to} meta l4proto { tcp, udp } goto pass`, `${to} ${version === 4 ? 'icmp' : 'icmpv6'} type echo-request goto pass`];
}

/** What replaces the machine's addresses while the gate is open. */
export const ownElements = (own: readonly string[]): string => ([4, 6] as const).flatMap(version => [`flush set inet gate own${version}`, ...(listed(own, version).length ? [`add element inet gate own${version} { ${listed(own, version).join(', ')} }`] : [])]).join('\n') + '\n';

/** Every other name is answered at once, here: a question about it never leaves. */
export function nameServerConfig({ allow, ipv6, dns }: Pick<GateRules, 'allow' | 'ipv6' | 'dns'>): string {
  const groups = nameGroups(parsed(allow));
  const patterns = groups.flatMap(({ names }) => names);
  const reached = (pattern: Name) => patterns.some(other => reaches(other, pattern));
  return [
    'port=53', `listen-address=${LAB_SIDE.dns}`, `listen-address=${LAB_SIDE.dns6}`, 'bind-interfaces', 'user=root', 'pid-file',
    'no-resolv', 'no-hosts', 'no-poll', 'cache-size=0', 'dns-forward-max=64', 'log-queries', 'log-facility=/run/asked', ...(ipv6 ? [] : ['filter-AAAA']),
    'address=/#/',
    ...patterns.map(({ kind, name }) => `server=/${kind === 'below' ? '*.' : ''}${name}/${dns}`),
    // Otherwise a pattern would be for the name itself and for all below it.
    ...patterns.flatMap(({ kind, name }) => (reached({ kind: kind === 'below' ? 'name' : 'below', name, ports: [] }) ? [] : [`address=/${kind === 'below' ? '' : '*.'}${name}/`])),
    ...groups.flatMap(({ names }, i) => [...new Set(names.map(({ name }) => name))].map(name => `nftset=/${name}/4#inet#gate#names${i}_4,6#inet#gate#names${i}_6`)),
    '',
  ].join('\n');
}
