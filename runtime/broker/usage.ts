// What the kernel says that a container uses: its cgroup's files and its network devices, read outside, where the lab has no say.
// Called by main.ts for the engine, which sees no cgroup file system. The text goes out as it is; container/stats.ts understands it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '../errors.ts';
import type { Cgroups } from './cgroup.ts';

const V1 = [
  'memory.usage_in_bytes', 'memory.limit_in_bytes', 'memory.max_usage_in_bytes', 'memory.failcnt', 'memory.stat', 'cpuacct.usage', 'cpuacct.usage_percpu', 'cpuacct.stat', 'cpu.stat',
  'pids.current', 'pids.max', 'blkio.throttle.io_service_bytes_recursive', 'blkio.throttle.io_serviced_recursive', 'cpu.cfs_quota_us', 'cpu.cfs_period_us',
];
const V2 = ['memory.current', 'memory.max', 'memory.peak', 'memory.stat', 'memory.events', 'cpu.stat', 'pids.current', 'pids.max', 'io.stat', 'cpu.max'];

/** File name → content; `net/dev` is that of its first process. Files that this machine lacks are left out. */
export function cgroupFiles(cgroups: Cgroups, path: string): Record<string, string> {
  const directories = cgroups.directories(path).filter(dir => existsSync(dir));
  if (directories.length === 0) throw new SlipwayError('NotFound', `no such cgroup: ${path}`);
  const files: Record<string, string> = {};
  for (const name of cgroups.system.version === 'v2' ? V2 : V1) {
    for (const dir of directories) {
      const text = read(join(dir, name));
      if (text === null) continue;
      files[name] = text;
      break;
    }
  }
  const [pid] = read(join(directories[0]!, 'cgroup.procs'))?.split('\n') ?? [];
  const net = pid ? read(`/proc/${pid}/net/dev`) : null;
  return net === null ? files : { ...files, 'net/dev': net };
}

function read(path: string): string | null {
  try { return readFileSync(path, 'utf8'); } catch { return null; } // it has ended, or the controller is not there
}
