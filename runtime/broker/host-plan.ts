// What a host sees when it starts, as data: the mounts made outside (locked for the lab's root) and the steps its init takes inside.
// Pure; tested without root. Carried out by native/host.c.
import { join } from 'node:path';
import { LAB_SIDE } from '../kernel/egress-link.ts';
import { hostLayersDir, hostToolboxDir } from '../paths.ts';
import type { HostStep, Tree } from './encode.ts';

/** Mount flags of mount(2) and attributes of mount_setattr(2). */
export const MS = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8, BIND: 4096, REC: 16384, SHARED: 1 << 20 } as const;
const ATTR = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8 } as const;

export interface HostSources {
  /** An empty directory that a tmpfs is put on, in a mount namespace of the host's own. */
  stage: string;
  workstation: string;
  disk: string;
  layers: string;
  toolbox: string;
  api: string;
  logs: string;
  hostname: string;
  /** v1: the hierarchies by mount point name, e.g. ['memory', 'cpu,cpuacct', 'name=systemd']. */
  cgroup: { version: 'v1'; hierarchies: string[] } | { version: 'v2' };
}
export interface HostPlan { outer: HostStep[]; trees: Tree[]; inner: HostStep[] }

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const quiet = MS.NOSUID | MS.NODEV | MS.NOEXEC;

export function planHost(s: HostSources): HostPlan {
  const at = (...parts: string[]) => join(s.stage, ...parts);
  const root = (...parts: string[]) => at('root', ...parts);
  const mkdir = (path: string, mode = 0o755): HostStep => ({ do: 'mkdir', path, mode });
  const file = (path: string, text = ''): HostStep => ({ do: 'write', path, mode: 0o644, text });
  const mount = (type: string, target: string, flags: number, data = '', source = type): HostStep => ({ do: 'mount', type, source, target, flags, data });
  const bind = (source: string, target: string): HostStep => mount('', target, MS.BIND, '', source);
  const readOnly = ATTR.RDONLY | ATTR.NODEV;

  return {
    outer: [...['lower', 'disk', 'layers', 'toolbox', 'api', 'logs', 'root', 'dev'].map(name => mkdir(at(name))), ...DEVICES.map(name => file(at('dev', name)))],
    trees: [
      // set-uid programs work in a lab (su, sudo, ping): the pool's own nosuid is lifted for what the lab's uids see through the idmap.
      { source: s.workstation, target: at('lower'), set: readOnly, clear: ATTR.NOSUID, idmapped: true },
      { source: s.layers, target: at('layers'), set: readOnly, clear: ATTR.NOSUID, idmapped: true },
      { source: s.disk, target: at('disk'), set: ATTR.NODEV, clear: ATTR.NOSUID, idmapped: true },
      { source: s.toolbox, target: at('toolbox'), set: readOnly | ATTR.NOSUID, clear: 0, idmapped: false },
      { source: s.api, target: at('api'), set: readOnly | ATTR.NOSUID | ATTR.NOEXEC, clear: 0, idmapped: false },
      { source: s.logs, target: at('logs'), set: readOnly | ATTR.NOSUID | ATTR.NOEXEC, clear: 0, idmapped: false },
      ...DEVICES.map(name => ({ source: `/dev/${name}`, target: at('dev', name), set: ATTR.NOSUID | ATTR.NOEXEC, clear: ATTR.NODEV, idmapped: false })),
    ],
    inner: [
      mount('overlay', root(), MS.NODEV, `lowerdir=${at('lower')},upperdir=${at('disk/root/diff')},workdir=${at('disk/root/work')},userxattr`),
      mount('proc', root('proc'), quiet),
      mount('sysfs', root('sys'), quiet),
      // `ip netns exec` takes /sys off and mounts it anew, which in a user namespace the kernel allows only where another one can be seen.
      mkdir(root('.slipway/sys'), 0o700),
      mount('sysfs', root('.slipway/sys'), quiet | MS.RDONLY),
      ...cgroupMounts(s, root('sys/fs/cgroup'), mount, mkdir),
      mount('tmpfs', root('dev'), MS.NOSUID, 'mode=755,size=1m', 'devtmpfs'),
      ...DEVICES.flatMap(name => [file(root('dev', name)), bind(at('dev', name), root('dev', name))]),
      ...[['/proc/self/fd', 'fd'], ['fd/0', 'stdin'], ['fd/1', 'stdout'], ['fd/2', 'stderr'], ['pts/ptmx', 'ptmx'], ['/proc/kcore', 'core']].map(([target, name]): HostStep => ({ do: 'symlink', target: target!, path: root('dev', name!) })),
      ...['pts', 'shm', 'mqueue'].map(name => mkdir(root('dev', name))),
      mount('devpts', root('dev/pts'), MS.NOSUID | MS.NOEXEC, 'newinstance,ptmxmode=0666,mode=0620,gid=5'),
      mount('tmpfs', root('dev/shm'), MS.NOSUID | MS.NODEV, 'mode=1777,size=64m'),
      mount('mqueue', root('dev/mqueue'), quiet),
      mount('tmpfs', root('run'), MS.NOSUID | MS.NODEV, 'mode=755,size=64m'),
      mkdir(root('run/lock'), 0o1777),
      mkdir(root('run/slipway')),
      bind(at('api'), root('run/slipway')),
      { do: 'symlink', target: '/run/slipway/docker.sock', path: root('run/docker.sock') },
      mkdir(root('.slipway/toolbox')),
      bind(at('toolbox'), root(hostToolboxDir)),
      mkdir(root('var/lib/docker'), 0o710),
      bind(at('disk/docker'), root('var/lib/docker')),
      mkdir(root(hostLayersDir)),
      bind(at('layers'), root(hostLayersDir)),
      mkdir(root('var/lib/docker/containers')),
      bind(at('logs'), root('var/lib/docker/containers')),
      { do: 'symlink', target: '../proc/self/mounts', path: root('etc/mtab') },
      file(root('etc/hostname'), `${s.hostname}\n`),
      file(root('etc/hosts'), `127.0.0.1\tlocalhost\n127.0.1.1\t${s.hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`),
      // Where the gate answers, if there is one (egress/); without one there is no way to it, which programs are told at once.
      file(root('etc/resolv.conf'), `nameserver ${LAB_SIDE.dns}\n`),
      { do: 'hostname', name: s.hostname },
      { do: 'loopback' },
      { do: 'pivot', path: root() },
      mount('', '/', MS.REC | MS.SHARED, '', 'none'), // as systemd leaves it: what is mounted later reaches containers that have asked for it (`-v /:/host:rslave`)
    ],
  };
}

function cgroupMounts(s: HostSources, base: string, mount: (type: string, target: string, flags: number, data?: string, source?: string) => HostStep, mkdir: (path: string) => HostStep): HostStep[] {
  if (s.cgroup.version === 'v2') return [mount('cgroup2', base, quiet)];
  return [
    mount('tmpfs', base, quiet, 'mode=755,size=1m'),
    ...s.cgroup.hierarchies.flatMap(h => {
      const target = join(base, h.replace(/^name=/, ''));
      return [mkdir(target), mount('cgroup', target, quiet, h.startsWith('name=') ? `none,${h}` : h)];
    }),
  ];
}
