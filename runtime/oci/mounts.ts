// The mounts of a container, outermost first. Pure. Sources of binds are paths in the host, made by start.ts's steps.
import type { ContainerRecord, MountPoint } from '../container/model.ts';
import { SlipwayError } from '../errors.ts';
import { hostToolboxDir } from '../paths.ts';

export interface OciMount { destination: string; type: string; source: string; options: string[] }

export function containerMounts(record: ContainerRecord, where: { sandbox: string; shm: string | undefined }): OciMount[] {
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
    ...(hostConfig.IpcMode === 'none' ? [] : [where.shm !== undefined
      ? { destination: '/dev/shm', type: 'bind', source: where.shm, options: ['rbind', 'rprivate'] }
      : { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${hostConfig.ShmSize}`] }]),
  ];
  const asked = record.mounts.map((mount): OciMount => (mount.type === 'tmpfs'
    ? { destination: mount.destination, type: 'tmpfs', source: 'tmpfs', options: tmpfsOptions(mount.mode) }
    : { destination: mount.destination, type: 'bind', source: mount.subpath ? `${mount.source}/${mount.subpath}` : mount.source, options: [mount.nonRecursive ? 'bind' : 'rbind', ...readOnly(mount), mount.propagation || 'rprivate'] }));
  const devices = (hostConfig.Devices ?? []).map((d): OciMount => ({ destination: d.PathInContainer || d.PathOnHost, type: 'bind', source: d.PathOnHost, options: ['bind', 'rprivate', 'dev'] }));
  const init = hasInit(hostConfig) ? [{ destination: INIT, type: 'bind', source: `${hostToolboxDir}/bin/docker-init`, options: ['bind', 'ro'] }] : [];
  const files = ['resolv.conf', 'hostname', 'hosts'].map(own);
  const overridden = new Set(asked.map(m => m.destination));
  return [...system.filter(m => !overridden.has(m.destination)), ...[...files.filter(m => !overridden.has(m.destination)), ...asked].sort(byDepth), ...devices, ...init];
}

/** `--init`: not in another's process namespace, where somebody else reaps. */
export const hasInit = ({ Init, PidMode }: ContainerRecord['hostConfig']) => Init === true && PidMode === '';
export const INIT = '/sbin/docker-init';

/** As dockerd since 25: what is mounted below is read-only, too, unless it is told to be propagated. */
function readOnly(mount: MountPoint): string[] {
  if (mount.rw) return [];
  return mount.readOnlyNonRecursive || mount.nonRecursive || !/^(|r?private)$/.test(mount.propagation) ? ['ro'] : ['ro', 'rro'];
}

const depth = (path: string) => path.split('/').filter(Boolean).length;
const byDepth = (a: OciMount, b: OciMount) => depth(a.destination) - depth(b.destination);

const TMPFS_DEFAULTS = ['noexec', 'nosuid', 'nodev'];
const TMPFS_FLAGS = ['defaults', 'ro', 'rw', 'suid', 'nosuid', 'dev', 'nodev', 'exec', 'noexec', 'sync', 'async', 'dirsync', 'mand', 'nomand', 'atime', 'noatime', 'diratime', 'nodiratime', 'bind', 'rbind',
  'unbindable', 'runbindable', 'private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'relatime', 'norelatime', 'strictatime', 'nostrictatime'];
const TMPFS_VALUES = ['size', 'mode', 'uid', 'gid', 'nr_inodes', 'nr_blocks', 'mpol'];
/** Docker's defaults, which `exec`, `suid` and `dev` undo. Throws for what dockerd does not know. */
function tmpfsOptions(given: string): string[] {
  const words = given.split(',').filter(Boolean);
  for (const word of words) {
    const [name = '', value] = word.split(/=(.*)/s);
    if (value === undefined ? !TMPFS_FLAGS.includes(word) : !TMPFS_VALUES.includes(name)) throw new SlipwayError('InvalidParameter', `invalid tmpfs option ${JSON.stringify(value === undefined ? word : name)}`);
  }
  return [...TMPFS_DEFAULTS.filter(o => !words.includes(o.slice(2))), ...words];
}
