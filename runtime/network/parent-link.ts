// Networks without a bridge, of the drivers macvlan and ipvlan: a container's link hangs on a link that the host has already (`-o parent=`), or on one
// without any wire that is made for it. Pure; host-network.ts and endpoint.ts have the steps done. Whether the kernel can, it says itself.
import { SlipwayError } from '../errors.ts';
import type { Step } from '../kernel/protocol.ts';
import { hostToolboxDir } from '../paths.ts';
import type { Network } from './model.ts';

export type ParentDriver = 'macvlan' | 'ipvlan';
export const hasParent = (network: Pick<Network, 'driver'>): network is Network & { driver: ParentDriver } => network.driver === 'macvlan' || network.driver === 'ipvlan';

const MODES = { macvlan: ['bridge', 'private', 'vepa', 'passthru'], ipvlan: ['l2', 'l3', 'l3s'] } as const;
const FLAGS = ['bridge', 'private', 'vepa'];
const MADE = '/run/docker/parents';

export const modeOf = (driver: ParentDriver, options: Readonly<Record<string, string>>) => options[`${driver}_mode`] || MODES[driver][0];

/** The link to hang on; throws what dockerd says of the options. */
export function parentOf(networks: readonly Network[], driver: ParentDriver, id: string, options: Readonly<Record<string, string>>): string {
  const mode = modeOf(driver, options);
  if (!(MODES[driver] as readonly string[]).includes(mode)) throw new SlipwayError('System', `requested ${driver} mode '${mode}' is not valid, '${MODES[driver][0]}' mode is the ${driver} driver default`);
  const flag = options.ipvlan_flag;
  if (driver === 'ipvlan' && flag && !FLAGS.includes(flag)) throw new SlipwayError('System', `requested ipvlan flag '${flag}' is not valid, 'bridge' is the ipvlan driver default`);
  const { parent } = options;
  if (!parent) return ownParent(driver, id);
  if (!/^[^\s/:]{1,15}$/.test(parent)) throw new SlipwayError('System', `invalid subinterface vlan name ${parent}, example formatting is eth0.10`);
  if (parent === 'lo') throw new SlipwayError('System', `loopback interface is not a valid ${driver} parent link`);
  const other = networks.find(n => n.driver === driver && n.link === parent);
  if (other) throw new SlipwayError('System', `network ${ownParent(driver, other.id)} is already using parent interface ${parent}`);
  return parent;
}

const ownParent = (driver: ParentDriver, id: string) => `${driver === 'macvlan' ? 'dm' : 'di'}-${id.slice(0, 12)}`;

/** Arguments: parent, id of the network, its own parent's name. `eth0.10` is made as VLAN 10 of eth0; /sys shows the links of whoever mounted it, so `ip` is asked. */
const MAKE = `p=$1 m=${MADE}/$2; mkdir -p ${MADE}
say() { echo "docker: $*"; exit 1; }
try() { ip link add "$@" 2>/dev/null || say "operation not supported"; : > $m; }
if [ "$p" = "$3" ]; then try name "$p" type dummy
elif ! ip link show dev "$p" >/dev/null 2>&1; then
	case "$p" in *?.[0-9]*) ;; *) say "invalid subinterface vlan name $p, example formatting is eth0.10";; esac
	ip link show dev "\${p%%.*}" >/dev/null 2>&1 || say "-o parent interface was not found on the host: \${p%%.*}"
	try link "\${p%%.*}" name "$p" type vlan id "\${p#*.}"
fi
ip link set "$p" up`;

export function makeParent(network: Network & { driver: ParentDriver }): Step[] {
  return [{ do: 'run', argv: ['busybox', 'sh', '-c', `PATH=${hostToolboxDir}/bin:$PATH\n${MAKE}`, 'sh', network.link, network.id, ownParent(network.driver, network.id)] }];
}

/** Only what was made for it. */
export function removeParent(network: Network): Step[] {
  return [{ do: 'run', argv: ['busybox', 'sh', '-c', `[ ! -e ${MADE}/$2 ] || { ${hostToolboxDir}/bin/ip link delete "$1"; rm -f ${MADE}/$2; }`, 'sh', network.link, network.id] }];
}

/** In the container's network namespace from the first moment on, so that its name is in nobody's way. */
export function childLink(network: Network & { driver: ParentDriver }, ifname: string, mac: string, netns: string): string {
  const flag = network.driver === 'ipvlan' && network.options.ipvlan_flag ? ` ${network.options.ipvlan_flag}` : '';
  const address = network.driver === 'macvlan' ? ` address ${mac}` : ''; // all of ipvlan have their parent's
  return `link add link ${network.link} name ${ifname}${address} netns ${netns} type ${network.driver} mode ${modeOf(network.driver, network.options)}${flag}\n`;
}
