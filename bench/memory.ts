// What an idle lab costs, and our own processes: proportional set size, in which shared pages count by their share.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCgroups } from '../runtime/broker/cgroup.ts';
import { ShimConnection } from '../runtime/kernel/shim.ts';
import { instance } from '../runtime/paths.ts';
import { readStatus } from '../runtime/supervisor/status.ts';
import { withLab } from './lab.ts';
import { summarise, type Row } from './report.ts';

export const measureMemory = () => withLab(async (lab, engine) => {
  const bare = labPss(lab.id);
  const terminal = await engine.call('openTerminal', { lab: lab.id, host: lab.hosts[0]!.id, cols: 80, rows: 24 });
  const shim = await ShimConnection.open(terminal.socketPath);
  shim.subscribe({ ring: true });
  await new Promise<void>(resolve => shim.once('output', () => resolve()));
  const withTerminal = labPss(lab.id);
  const { usage } = await engine.call('inspectLab', { lab: lab.id });
  shim.close();
  const one = (what: string, bytes: number, note?: string): Row => ({ what, unit: 'MiB', slipway: summarise([bytes / 2 ** 20]), ...(note ? { note } : {}) });
  return [
    one('an idle lab, its processes', bare.bytes, `${bare.processes} processes`),
    one('the same with a terminal open', withTerminal.bytes, `${withTerminal.processes} processes`),
    one('  its cgroup, with kernel memory and cache', usage.memoryBytes),
    ...readStatus()!.services.map(service => one(`${service.name} process`, pss(service.pid!))),
  ];
});

/** Every process in the lab's cgroup, on whichever hierarchy. */
export function labPss(lab: string): { bytes: number; processes: number } {
  const processes = labProcesses(lab);
  return { bytes: processes.reduce((sum, { pid }) => sum + pss(pid), 0), processes: processes.length };
}

export function labProcesses(lab: string): { pid: number; program: string }[] {
  const { hierarchies, version } = findCgroups();
  const memory = hierarchies.find(hierarchy => version === 'v2' || hierarchy.name.split(',').includes('memory'))!;
  const top = join(memory.mount, `slipway-${instance}`, lab);
  return [...new Set(allProcs(top))].map(pid => ({ pid, program: programOf(pid) }));
}

function programOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // ended meanwhile
  }
}

function allProcs(dir: string): number[] {
  const own = readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  return [...own, ...directories(dir).flatMap(allProcs)];
}

const directories = (dir: string) => readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => join(dir, entry.name));

export function pss(pid: number): number {
  try {
    return 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // ended meanwhile
  }
}
