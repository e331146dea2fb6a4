// Which processes a container has, read from outside, by cgroup, where the lab has no say. Through /proc alone: the engine sees no cgroup
// file system. Pids come in the host's own numbering, as `ps` there shows them.
import { readdir, readFile } from 'node:fs/promises';
import { instance } from '../paths.ts';
import { cgroupOf } from './paths.ts';
import type { ContainerRecord, Host } from './model.ts';

export async function processesOf(host: Host, record: ContainerRecord): Promise<number[]> {
  const path = `/slipway-${instance}/${host.ref.lab}/${host.ref.host}/${cgroupOf(record)}`;
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const found = await Promise.all(pids.map(pid => pidInHost(pid, path)));
  return found.filter(pid => pid !== null);
}

/** The second of a process's numbers: the first is the machine's, the third the container's. Null when it is not in the cgroup, or gone. */
async function pidInHost(pid: string, path: string): Promise<number | null> {
  try {
    const cgroups = await readFile(`/proc/${pid}/cgroup`, 'utf8');
    const inside = cgroups.split('\n').some(line => {
      const own = line.split(':').slice(2).join(':');
      return own === path || own.startsWith(`${path}/`);
    });
    if (!inside) return null;
    const numbers = /^NSpid:\t(.*)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]?.split('\t');
    return numbers?.[1] === undefined ? null : Number(numbers[1]);
  } catch {
    return null;
  }
}
