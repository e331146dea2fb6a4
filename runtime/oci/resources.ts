// Limits of a container for the runtime. Devices are not limited by cgroup: in a lab's user namespace none can be made, only bound.
import type { HostConfig } from '../container/config.ts';
import { SlipwayError } from '../errors.ts';

export interface Resources {
  memory?: { limit?: number; swap?: number; reservation?: number; swappiness?: number; disableOOMKiller?: boolean };
  cpu?: { shares?: number; quota?: number; period?: number; cpus?: string; mems?: string };
  pids?: { limit: number };
}

const PERIOD_US = 100_000; // Docker's and the kernel's default

/** Memory and swap together are limited as asked, though a lab has no swap to give: /sys/fs/cgroup shows it. */
export function resources(h: HostConfig, cgroup: 'v1' | 'v2'): Resources {
  if (h.CpuShares < 0) throw new SlipwayError('System', 'shares: invalid argument');
  if (h.CpuShares === 1 && cgroup === 'v1') throw new SlipwayError('System', 'failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error setting cgroup config for procHooks process: the minimum allowed cpu-shares is 2: unknown');
  const memory: Resources['memory'] = {
    ...(h.Memory ? { limit: h.Memory } : {}),
    ...(h.MemoryReservation ? { reservation: h.MemoryReservation } : {}),
    ...(h.Memory && h.MemorySwap ? { swap: h.MemorySwap } : {}),
    ...(h.MemorySwappiness !== null && cgroup === 'v1' ? { swappiness: h.MemorySwappiness } : {}),
    ...(h.OomKillDisable && cgroup === 'v1' ? { disableOOMKiller: true } : {}),
  };
  const cpu: Resources['cpu'] = {
    ...(h.CpuShares ? { shares: h.CpuShares } : {}),
    ...(h.NanoCpus ? { quota: Math.round((h.NanoCpus * PERIOD_US) / 1e9), period: PERIOD_US } : {}),
    ...(h.CpuQuota ? { quota: h.CpuQuota } : {}),
    ...(h.CpuPeriod ? { period: h.CpuPeriod } : {}),
    ...(h.CpusetCpus ? { cpus: h.CpusetCpus } : {}),
    ...(h.CpusetMems ? { mems: h.CpusetMems } : {}),
  };
  return {
    ...(Object.keys(memory).length ? { memory } : {}),
    ...(Object.keys(cpu).length ? { cpu } : {}),
    ...(h.PidsLimit !== null && h.PidsLimit !== 0 ? { pids: { limit: h.PidsLimit } } : {}),
  };
}
