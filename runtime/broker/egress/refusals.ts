// How often something in a lab found no way out, as the kernel counts it for the network namespaces of its hosts and their gates: where there is no gate,
// connections without a route; where there is one, what it refused. Nothing runs for it. For figures (hosts.ts): whoever looks tells the learner.
import { readFileSync } from 'node:fs';
import { isAlive } from '../process.ts';
import type { LabRecord } from '../records.ts';

/** Names as of proc_net(5), SNMP counters: of processes in the host itself, and of what its containers send through it. */
const NO_ROUTE = ['Ip.OutNoRoutes', 'IpExt.InNoRoutes', 'Ip6OutNoRoutes', 'Ip6InNoRoutes'];
/** So does the host when a container asks for a name (network/no-way.ts); closed ports of its own are something else. */
const NO_PORT = ['Udp.NoPorts', 'Udp6NoPorts'];
/** A gate answers everything that it does not let through. */
const REFUSED = ['Icmp.OutDestUnreachs', 'Icmp6OutDestUnreachs'];

export function refusals(lab: LabRecord): number {
  return Object.values(lab.hosts).reduce((all, { init, gate }) => all + sum(init, NO_ROUTE) + Math.max(0, sum(init, REFUSED) - sum(init, NO_PORT)) + sum(gate?.holder ?? null, REFUSED), 0);
}

function sum(process: { pid: number; started: number } | null, names: readonly string[]): number {
  if (!isAlive(process)) return 0;
  const counters = new Map([...table(`/proc/${process!.pid}/net/snmp`), ...table(`/proc/${process!.pid}/net/netstat`), ...lines(`/proc/${process!.pid}/net/snmp6`)]);
  return names.reduce((all, name) => all + (counters.get(name) ?? 0), 0);
}

/** Pairs of lines: `Ip: Forwarding DefaultTTL …` and `Ip: 1 64 …`. */
function table(path: string): [string, number][] {
  const rows = read(path).split('\n').map(line => line.split(' '));
  return rows.flatMap((names, i) => (i % 2 === 0 && rows[i + 1] ? names.slice(1).map((name, j): [string, number] => [`${names[0]!.replace(':', '.')}${name}`, Number(rows[i + 1]![j + 1])]) : []));
}

const lines = (path: string): [string, number][] => read(path).split('\n').map(line => line.trim().split(/\s+/)).flatMap(([name, value]) => (name && value ? [[name, Number(value)] as [string, number]] : []));

function read(path: string): string {
  try { return readFileSync(path, 'utf8'); } catch { return ''; } // it ends at this moment
}
