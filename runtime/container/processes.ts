// Which processes a container has: the broker says by cgroup, where the lab has no say, and cheaply, however many others the machine has. Pids come in the
// host's own numbering, as `ps` there shows them.
import { readFile } from 'node:fs/promises';
import { cgroupOf } from './paths.ts';
import type { ContainerRecord, Host } from './model.ts';

export async function processesOf(host: Host, record: ContainerRecord): Promise<number[]> {
  const { processes } = await host.broker.call('processes', { ...host.ref, cgroup: cgroupOf(record) });
  return (await Promise.all(processes.map(({ pid }) => pidInHost(pid)))).filter(pid => pid !== null);
}

/** The second of a process's numbers: the first is the machine's, the third the container's. Null when it has gone. */
async function pidInHost(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const inside = /^NSpid:\t(.*)$/m.exec(status)?.[1]?.split('\t')[1];
  return inside === undefined ? null : Number(inside);
}
