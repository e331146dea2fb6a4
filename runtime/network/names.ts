// Names on user-defined networks. One name server per host (aardvark-dns, as podman has it) listens on each bridge's own address; a container's
// 127.0.0.11 leads to it by a rule in the container's network namespace, and it answers by who asks: the names of all networks that the asker is in.
// What it knows is a file per network, put together from one part per container, so that starts at the same time do not overwrite each other.
import type { Endpoint } from '../container/model.ts';
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';
import type { Network } from './model.ts';
import { nameServerRules } from './rules.ts';

/** Not 53, which a learner may publish: published ports are also those of the bridge's address. */
export const NAME_SERVER_PORT = 65_053;
const PARTS = '/run/docker/names';
export const nameServerConfig = '/run/docker/dns';

/** Whether the lab has a way out; without, and in an internal network, nothing outside is asked: the server knows such a network by `%int` at its name's end. */
const OUTSIDE = `${PARTS}/.outside`;
const partsOf = (networkId: string) => `${PARTS}/${networkId.slice(0, 12)}`;

/**
 * Links (`--link db:store`) are names that one container alone is answered: for the server a network of its own, which that container is in, and in it whatever has the
 * target's name now. It has to listen somewhere; nobody asks there. (The target is in it as well, as far as the server knows: it finds itself by that name.)
 */
const LINKS = `
FNR == NR { if (FNR == 1) { print $1; print own "   " own } else target[$1] = tolower($2); next }
{ n = split(tolower($4), names, ","); for (alias in target) for (i = 1; i <= n; i++) if (names[i] == target[alias]) { print "link" ++count " " $2 " " $3 " " names[1] "," alias; break } }`;

/** Puts the files together anew and tells the server, one at a time. Arguments are networks. */
const REBUILD = `
d=${PARTS}; [ -e $d ] || exit 0; exec 9>$d/.lock; flock 9
for n; do
	s=%int t=; if [ -e ${OUTSIDE} ] && [ ! -e $d/$n/.internal ]; then s= t=%int; fi
	if [ -e $d/$n/.head ]; then cat $d/$n/.head $d/$n/* > $d/.new 2>/dev/null; mv $d/.new ${nameServerConfig}/$n$s; rm -f ${nameServerConfig}/$n$t; else rm -rf ${nameServerConfig}/$n* $d/$n.links; fi
	for l in $d/$n.links/*; do
		[ -e $l ] || continue
		k=\${l##*/}; o=${nameServerConfig}/$n.$k%int
		if [ -e $d/$n/$k ]; then awk -F '[ ]' -v own=$k "$LINKS" $l $d/$n/* > $d/.new; mv $d/.new $o; else rm -f $l $o; fi
	done
done
[ ! -e ${nameServerConfig}/aardvark.pid ] || { read -r p < ${nameServerConfig}/aardvark.pid || [ -n "$p" ]; kill -HUP "$p"; } 2>/dev/null || true`;

const rebuild = (networkIds: readonly string[]): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', `LINKS='${LINKS}'${REBUILD}`, 'sh', ...networkIds.map(id => id.slice(0, 12))] });
/** While the container starts, or after it has ended: nobody has to wait for it. The server itself takes its time, too. */
const rebuildBeside = (networkIds: readonly string[]): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', `( LINKS='${LINKS}'${REBUILD} ) >/dev/null 2>&1 </dev/null &`, 'sh', ...networkIds.map(id => id.slice(0, 12))] });

/** From now on names outside are asked for, or no longer. In all networks there are. */
export const askOutside = (asks: boolean): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', `
mkdir -p ${PARTS}; ${asks ? `: > ${OUTSIDE}` : `rm -f ${OUTSIDE}`}
set --; for h in ${PARTS}/*/.head; do [ ! -e $h ] || { h=\${h%/.head}; set -- "$@" \${h##*/}; }; done
LINKS='${LINKS}'${REBUILD}`] });

export const hasNames = (network: Network) => network.driver === 'bridge' && !network.builtin;

export function openNames(network: Network): Step[] {
  const listen = network.subnets.find(s => !s.subnet.includes(':'))!.gateway;
  return [
    { do: 'mkdir', path: nameServerConfig, mode: 0o755 }, { do: 'mkdir', path: partsOf(network.id), mode: 0o755 },
    { do: 'write', path: `${partsOf(network.id)}/.head`, mode: 0o644, text: `${listen}\n` },
    ...(network.internal ? [{ do: 'write', path: `${partsOf(network.id)}/.internal`, mode: 0o644, text: '' } as const] : []), rebuild([network.id]),
  ];
}

export function closeNames(network: Network): Step[] {
  return [{ do: 'run', argv: ['busybox', 'rm', '-rf', partsOf(network.id)] }, rebuild([network.id])];
}

/** A container's names in the networks of these endpoints. */
export function addNames(containerId: string, endpoints: readonly Endpoint[]): Step[] {
  const named = endpoints.filter(e => e.dnsNames !== null);
  if (named.length === 0) return [];
  return [
    ...named.flatMap((e): Step[] => (e.links?.length ? [{ do: 'mkdir', path: `${partsOf(e.networkId)}.links`, mode: 0o755 }, { do: 'write', path: `${partsOf(e.networkId)}.links/${containerId}`, mode: 0o644, text: linkLines(e) }] : [])),
    ...named.map((e): Step => ({ do: 'write', path: `${partsOf(e.networkId)}/${containerId}`, mode: 0o644, text: nameLine(containerId, e) })),
    rebuildBeside(named.map(e => e.networkId)),
  ];
}

export function removeNames(containerId: string, endpoints: readonly Endpoint[]): Step[] {
  const named = endpoints.filter(e => e.dnsNames !== null);
  if (named.length === 0) return [];
  return [...named.map((e): Step => ({ do: 'unlink', path: `${partsOf(e.networkId)}/${containerId}` })), rebuildBeside(named.map(e => e.networkId))];
}

/** Where its server listens, and a line for each link: alias, target. The endpoint's id gives an address that no other has. */
function linkLines(endpoint: Endpoint): string {
  const [a, b, c] = [2, 4, 6].map(at => Number.parseInt(endpoint.endpointId.slice(at, at + 2), 16));
  const links = (endpoint.links ?? []).filter(({ alias, target }) => /^[^\s,]+$/.test(alias) && /^[^\s,]+$/.test(target));
  return [`127.${1 + a! % 254}.${b}.${1 + c! % 254}`, ...links.map(({ alias, target }) => `${alias} ${target}`), ''].join('\n');
}

/** `id ipv4 ipv6 names`; the first name is the one that an address leads back to. A name that would break the line has no answer. */
export function nameLine(containerId: string, endpoint: Endpoint): string {
  const names = (endpoint.dnsNames ?? []).filter(name => /^[^\s,]+$/.test(name));
  const withNetwork = /^[^\s,]+$/.test(endpoint.network) ? names.map(name => `${name}.${endpoint.network}`) : [];
  return `${containerId} ${endpoint.ip} ${endpoint.ip6} ${[...withNetwork, ...names].join(',')}\n`;
}

/** In the container's network namespace; none when it is in no network with names. */
export function useNameServer(netns: string, gateway: string | null): Step[] {
  if (gateway === null) return [{ do: 'run', argv: ['nft', '-f', '-'], netns, stdin: 'table ip docker_dns\ndelete table ip docker_dns\n' }];
  return [
    // One process after the other in the same place: each costs its start.
    { do: 'run', argv: ['busybox', 'sh', '-c', `echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet && exec ${hostToolboxDir}/bin/nft -f -`], netns, stdin: nameServerRules(gateway, NAME_SERVER_PORT) },
  ];
}
