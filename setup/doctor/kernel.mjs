// What labs are made of: namespaces, mounts, filters.
import { release } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { privilegeProblem, userNamespaceProblem } from '../machine.mjs';
import { isRoot } from '../shell.mjs';
import { attempt, attemptUnprivileged, probe, read, withScratch } from './try.mjs';

const OVERLAY = 'cd "$1" && mkdir -p lower upper work merged && : >lower/file && mount -t overlay -o userxattr,lowerdir=lower,upperdir=upper,workdir=work overlay merged && rm merged/file && [ ! -e merged/file ] && mkdir merged/file && umount merged && rm -r work upper';

/** @type {import('./main.mjs').Check[]} */
export const kernelChecks = [
  {
    id: 'root', title: 'Root or sudo', required: true,
    look: () => {
      const problem = privilegeProblem({ ask: false });
      return problem ? { state: 'missing', found: 'neither', todo: problem } : { state: 'fine', found: isRoot ? 'root' : 'sudo is there' };
    },
  },
  {
    id: 'userns', title: 'User namespaces', required: true,
    look: () => {
      const problem = userNamespaceProblem();
      return problem ? { state: 'missing', found: 'cannot be made', todo: problem } : { state: 'fine', found: `made one as an ordinary user (kernel ${release()}, ${read('/proc/sys/user/max_user_namespaces')} allowed)` };
    },
  },
  {
    id: 'apparmor', title: 'AppArmor and user namespaces',
    look: () => {
      const restricted = read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns');
      if (restricted === '1') return { state: 'missing', found: 'restricted to programs with a profile', todo: "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, and the same line in /etc/sysctl.d/ to keep it" };
      return { state: 'fine', found: restricted === '0' ? 'not restricted' : 'no such restriction in this kernel' };
    },
  },
  {
    id: 'overlay-userns', title: 'Overlay in user namespaces', required: true,
    look: () => withScratch(dir => {
      const unshare = ['unshare', '--user', '--map-root-user', '--mount'];
      const onDisk = attemptUnprivileged([...unshare, 'sh', '-euc', OVERLAY, 'sh', dir]);
      if (onDisk.ok) return { state: 'fine', found: 'mounted one, with a whiteout in it' };
      const inMemory = attemptUnprivileged([...unshare, 'sh', '-euc', `mount -t tmpfs tmp "$1"; ${OVERLAY}`, 'sh', dir]);
      if (inMemory.ok) return { state: 'fine', found: 'mounted one in memory (/var/tmp is an overlay itself; the disk pool is not)' };
      return { state: 'missing', found: onDisk.said, todo: 'use a kernel 5.11 or later with CONFIG_OVERLAY_FS (modprobe overlay)' };
    }),
  },
  {
    id: 'idmap', title: 'Idmapped mounts', required: true, needsRoot: true,
    look: async () => {
      const tried = await probe('idmap', '/var/tmp');
      if (!tried) return { state: 'untried', found: 'needs gcc to try, which npm start installs; kernels have them since 5.12' };
      if (tried.ok) return { state: 'fine', found: 'made one' };
      return { state: 'degraded', found: tried.said, lost: "nothing if the pool's btrfs has them (kernel 5.15 or later); this is the file system of /var/tmp" };
    },
  },
  {
    id: 'seccomp', title: 'System call filters', required: true,
    look: async () => {
      if (!existsSync('/proc/sys/kernel/seccomp/actions_avail')) return { state: 'missing', found: 'not in this kernel', todo: 'use a kernel with CONFIG_SECCOMP_FILTER' };
      const tried = await probe('seccomp');
      if (!tried) return { state: 'fine', found: 'in this kernel (not tried: needs gcc)' };
      return tried.ok ? { state: 'fine', found: 'loaded one' } : { state: 'missing', found: tried.said, todo: 'whatever runs this machine must allow seccomp filters' };
    },
  },
  {
    id: 'runtime', title: 'OCI runtime',
    look: () => {
      const crun = join(process.env.SLIPWAY_ASSETS ?? '/var/lib/slipway', 'toolbox', 'bin', 'crun');
      if (!existsSync(crun)) return { state: 'untried', found: "comes with the labs' toolbox, which npm start builds" };
      const tried = attempt([crun, '--version']);
      return { state: 'fine', found: tried.ok ? tried.said : "in the labs' toolbox" };
    },
  },
  {
    id: 'sys-resource', title: 'Raising limits',
    look: () => {
      const bounding = BigInt(`0x${/^CapBnd:\s*(\w+)/m.exec(read('/proc/self/status') ?? '')?.[1] ?? '0'}`);
      if (bounding & (1n << 24n)) return { state: 'fine', found: 'CAP_SYS_RESOURCE is there' };
      return { state: 'degraded', found: 'no CAP_SYS_RESOURCE', lost: 'limits above those that this machine was started with; labs run with what there is' };
    },
  },
];
