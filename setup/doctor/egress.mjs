// What the way out of labs needs of the machine: only when the operator has permitted something (`slipway egress allow`).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { have } from '../shell.mjs';
import { attempt } from './try.mjs';

export const egressFile = join(process.env.SLIPWAY_STATE ?? '/var/lib/slipway', 'egress.json');
/** program → package, as in runtime/kernel/egress-settings.ts, which only runs once Node is there. */
const PROGRAMS = { slirp4netns: 'slirp4netns', dnsmasq: 'dnsmasq-base', nft: 'nftables', ip: 'iproute2', tc: 'iproute2' };

export function permitted(file = egressFile) {
  if (!existsSync(file)) return [];
  const { allow = [] } = JSON.parse(readFileSync(file, 'utf8'));
  return allow;
}

/** @type {import('./main.mjs').Check[]} */
export const egressChecks = [
  {
    id: 'egress', title: 'Egress of labs', needsRoot: existsSync(egressFile),
    look: () => {
      const allow = permitted();
      if (allow.length === 0) return { state: 'fine', found: 'none: labs reach nothing outside (npx slipway egress permits something)' };
      const missing = [...new Set(Object.entries(PROGRAMS).filter(([program]) => !have(program)).map(([, name]) => name))];
      if (missing.length) return { state: 'missing', found: `permitted, but not all that it takes is installed`, todo: `apt-get install ${missing.join(' ')}` };
      if (!attempt(['dnsmasq', '--version']).ok || !/ nftset/.test(attempt(['sh', '-c', 'dnsmasq --version | tr "\\n" " "']).said)) return { state: 'missing', found: 'dnsmasq cannot fill nftables sets', todo: 'Debian 12 and later have one that can' };
      const tun = attempt(['unshare', '--net', 'ip', 'tuntap', 'add', 'mode', 'tap', 'name', 'tap0']);
      if (!tun.ok) return { state: 'missing', found: `no tap device: ${tun.said}`, todo: 'modprobe tun; in a container: --device /dev/net/tun' };
      const shaped = attempt(['unshare', '--net', 'sh', '-ec', 'ip link add name a type veth peer name b; tc qdisc add dev a root tbf rate 1mbit burst 16kb latency 100ms']);
      if (!shaped.ok) return { state: 'missing', found: `no limit on bits a second: ${shaped.said}`, todo: 'modprobe sch_tbf' };
      return { state: 'fine', found: allow.join(', ') };
    },
  },
];
