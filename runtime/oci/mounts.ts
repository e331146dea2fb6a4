// The mounts of a container, outermost first. Pure. Sources of binds are paths in the host, made by start.ts's steps.
import type { ContainerRecord } from '../container/model.ts';

export interface OciMount { destination: string; type: string; source: string; options: string[] }

export function containerMounts(record: ContainerRecord, where: { sandbox: string; ipc: { path: string } | 'private' | 'host' }): OciMount[] {
  const { hostConfig } = record;
  const writable = hostConfig.Privileged ? 'rw' : 'ro';
  const own = (name: string): OciMount => ({ destination: `/etc/${name}`, type: 'bind', source: `${where.sandbox}/${name}`, options: ['rbind', 'rprivate'] });
  const system: OciMount[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', writable] },
    { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: [writable, 'nosuid', 'noexec', 'nodev'] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    ...(hostConfig.IpcMode === 'none' ? [] : [where.ipc === 'host'
      ? { destination: '/dev/shm', type: 'bind', source: '/dev/shm', options: ['rbind', 'rprivate'] }
      : { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${hostConfig.ShmSize}`] }]),
  ];
  const asked = record.mounts.map((mount): OciMount => (mount.type === 'tmpfs'
    ? { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(mount.mode) }
    : { destination: mount.destination, type: 'bind', source: mount.source, options: ['rbind', ...(mount.rw ? [] : ['ro']), mount.propagation || 'rprivate'] }));
  const devices = (hostConfig.Devices ?? []).map((d): OciMount => ({ destination: d.PathInContainer || d.PathOnHost, type: 'bind', source: d.PathOnHost, options: ['bind', 'rprivate', 'dev'] }));
  const files = ['resolv.conf', 'hostname', 'hosts'].map(own);
  const overridden = new Set(asked.map(m => m.destination));
  return [...system.filter(m => !overridden.has(m.destination)), ...[...files.filter(m => !overridden.has(m.destination)), ...asked].sort(byDepth), ...devices];
}

const depth = (path: string) => path.split('/').filter(Boolean).length;
const byDepth = (a: OciMount, b: OciMount) => depth(a.destination) - depth(b.destination);

const TMPFS_DEFAULTS = ['noexec', 'nosuid', 'nodev'];
/** Docker's defaults, which `exec`, `suid` and `dev` undo. */
function tmpfsOptions(given: string): string[] {
  const words = given.split(',').filter(Boolean);
  return [...TMPFS_DEFAULTS.filter(o => !words.includes(o.slice(2))), ...words];
}
