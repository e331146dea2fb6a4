// Which processes a container has: read from outside, by cgroup, where the lab has no say. Pids come in the host's numbering.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instance } from '../paths.ts';
import { cgroupOf } from './paths.ts';
import type { Host } from './model.ts';

/** Pids as the machine numbers them. */
export function outerPids(host: Host, id: string): number[] {
  // Every v1 hierarchy holds the same processes; on a hybrid machine pids is one of v1.
  const mount = host.cgroupVersion === 'v2' ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  try {
    return readFileSync(join(mount, `slipway-${instance}`, host.ref.lab, host.ref.host, cgroupOf(id), 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENODEV') return [];
    throw error;
  }
}

/** As `ps` in the host shows them. */
export function innerPids(host: Host, id: string): number[] {
  return outerPids(host, id).flatMap(pid => {
    try {
      const line = /^NSpid:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]?.split('\t').map(Number);
      // outermost first: machine, host of the lab, container
      return line?.[1] === undefined ? [] : [line[1]];
    } catch {
      return []; // ended in the meantime
    }
  });
}
