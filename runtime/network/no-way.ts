// What containers are told in a lab without a way out. A connection fails by itself ("Network is unreachable"); a question for a name would wait five
// seconds, because resolvers do not listen to that answer, but they do to this one. With a way out (lab/egress.ts) the rule meets nothing.
import type { Step } from '../kernel/protocol.ts';

/** Once for a host, when it is made. https://wiki.nftables.org/wiki-nftables/index.php/Matching_routing_information */
export const noWaySteps: Step[] = [{ do: 'run', argv: ['nft', '-f', '-'], stdin: `
table ip no_way_out {
	chain prerouting {
		type filter hook prerouting priority mangle;
		udp dport 53 fib daddr oif missing reject with icmp port-unreachable
	}
}
` },
// A resolver asks several times, and each time it wants to be told; the kernel would tell a peer six times, then once a second.
{ do: 'run', argv: ['busybox', 'sh', '-c', 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit'] }];
