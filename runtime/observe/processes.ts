// The processes of a host or a container, seen from outside: the broker says which there are by cgroup, and the rest is read here, in the machine's
// /proc, where a lab cannot mount anything over anything. What a process calls itself is its own choice all the same.
import { readFile } from 'node:fs/promises';
import type { Host } from '../container/model.ts';
import { cgroupOf } from '../container/paths.ts';

export interface SeenProcess {
  /** The machine's number; `pid` and `parent` are the host's own. */
  outerPid: number;
  pid: number;
  parent: number;
  user: number;
  command: string;
  program: string;
  /** Process 1 of its container; of the host, its init. */
  first: boolean;
  namespaces: Record<string, string>;
  status: Status;
}
export interface Seen { processes: SeenProcess[]; first: SeenProcess | undefined; labNamespaces: Record<string, string> }

export interface Status { user: number; parent: number; pids: number[]; capabilities: bigint; noNewPrivileges: boolean; seccompFilters: number }

const MAX_COMMAND = 2000;

/** Null when there is no such running container. */
export async function lookAt(host: Host, container: string | undefined): Promise<Seen | null> {
  const record = container === undefined ? undefined : host.containers.get(container)?.record;
  const state = record?.state;
  if (container !== undefined && state?.status !== 'running' && state?.status !== 'paused') return null;
  const { uidBase, init, processes } = await host.broker.call('processes', { ...host.ref, cgroup: record ? cgroupOf(record) : '' });
  const read = (await Promise.all(processes.map(async process => {
    const status = await statusOf(process.pid);
    if (!status || status.pids.length < 2) return [];
    const [outerPid, pid] = [process.pid, status.pids[1]!];
    const first = container === undefined ? outerPid === init.pid : pid === (state as { pid: number }).pid;
    return [{ outerPid, pid, parent: status.parent, user: status.user - uidBase, command: await commandOf(process.pid), program: process.program, first, namespaces: process.namespaces, status }];
  }))).flat();
  const inner = new Map(read.map(process => [process.outerPid, process.pid]));
  const seen = (container === undefined ? read : membersOf(read)).map(process => ({ ...process, parent: inner.get(process.parent) ?? 0 }));
  return { processes: seen, first: seen.find(process => process.first), labNamespaces: init.namespaces };
}

/** The lab's root may move any process into a container's cgroup. Its own are those in the namespaces of its first, and what they have started. `parent` is the machine's number here. */
export function membersOf<P extends Pick<SeenProcess, 'outerPid' | 'parent' | 'first' | 'namespaces'>>(processes: readonly P[]): P[] {
  const first = processes.find(process => process.first);
  if (!first) return [];
  const byPid = new Map(processes.map(process => [process.outerPid, process]));
  const isIn = ({ namespaces }: P) => namespaces.pid === first.namespaces.pid && namespaces.mnt === first.namespaces.mnt;
  return processes.filter(process => {
    for (let one: P | undefined = process, steps = 0; one && steps < processes.length; one = byPid.get(one.parent), steps++) if (isIn(one)) return true;
    return false;
  });
}

async function statusOf(pid: number): Promise<Status | null> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => null);
  return text === null ? null : parseStatus(text);
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html ; the first line is the process's own choice, so fields are looked for at line ends only. */
export function parseStatus(text: string): Status {
  const field = (name: string) => new RegExp(`\n${name}:\\s*(.*)`).exec(text)?.[1] ?? '';
  return {
    user: Number(field('Uid').split(/\s+/)[1] ?? -1),
    parent: Number(field('PPid')),
    pids: field('NSpid').split(/\s+/).filter(Boolean).map(Number),
    capabilities: BigInt(`0x${field('CapEff') || '0'}`),
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccompFilters: Number(field('Seccomp_filters') || 0),
  };
}

async function commandOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.slice(0, MAX_COMMAND).replace(/\0/g, ' ').trim();
}
