// How the services are started. Engine and web live in a cell: a mount namespace with nothing in it but system programs, the checkout (read-only, at
// <run>/app, so that it may lie in a home that their users cannot enter), sockets, records, the image library, and the
// folders of lessons that the operator names. Above all no mounts of labs,
// which a second namespace would keep alive, and of the pool only what is written down about labs. They hold no capability and can gain none. The broker sees the machine as it is.
import { delimiter, join } from 'node:path';
import { GROUP } from '../ids.ts';
import { appDir, assetsDir, labRecordsDir, poolDir, runDir, stateDir } from '../paths.ts';

const cellApp = join(runDir, 'app');
const nodeIn = (app: string) => join(app, 'node_modules', 'node', 'bin');

/**
 * V8's nursery of 4 MiB instead of 16: what is streamed is garbage at once, and collecting it more often costs less than the 50 MB it would lie in.
 * No source maps: they take 30 MB in web alone, and the bundles are readable.
 */
export const NODE = ['node', '--max-semi-space-size=4'];
/**
 * For those whom layers flow through. V8 takes buffers outside its heap for growth of it: with a heap that an idle hour has made small it marked everything again and again,
 * which cost more than the streaming. It may double first; that is less than it takes by itself.
 */
export const STREAMING = [...NODE, '--heap-growing-percent=100'];

/** SIGTERM when the supervisor is gone, however it went: labs go on without them, and two of a kind must never run. */
const WITH_PARENT = '--pdeathsig=TERM';

export const brokerCommand = (bundle: string): string[] => ['setpriv', WITH_PARENT, '--', ...NODE, join(appDir, bundle)];

/** `argv` in a cell, as `user`; its working directory is the checkout. Only engine and web are in the group that may talk to each other's sockets. */
export function cellCommand(user: string, argv: string[], group = GROUP): string[] {
  return [
    'unshare', '--mount', '--propagation', 'slave', 'sh', '-euc', CELL, 'cell', join(runDir, 'cell'), appDir, cellApp, runDir, assetsDir, stateDir, poolDir, labRecordsDir, process.env.SLIPWAY_LESSONS ?? '',
    'setpriv', `--reuid=${user}`, `--regid=${group}`, '--clear-groups', '--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all', WITH_PARENT, '--',
    'env', `SLIPWAY_APP=${cellApp}`, `PATH=${nodeIn(cellApp)}:/usr/bin:/bin`, 'HOME=/nonexistent', ...argv,
  ];
}

/** Only what is named: settings, and what programs need to find each other. */
export function serviceEnv(more: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => name.startsWith('SLIPWAY_') || ['PORT', 'TZ', 'LANG'].includes(name));
  return {
    LANG: 'C.UTF-8',
    NEXT_TELEMETRY_DISABLED: '1',
    ...Object.fromEntries(kept),
    NODE_ENV: 'production',
    MALLOC_ARENA_MAX: '2', // glibc's usual eight a processor keep freed memory apart from each other, 10 MB of it
    PATH: [nodeIn(appDir), '/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
    HOME: '/root',
    SLIPWAY_APP: appDir,
    ...more,
  };
}

const CELL = `
new=$1 app=$2 cell_app=$3 run=$4 assets=$5 state=$6 pool=$7 records=$8 lessons=$9; shift 9
mount -t tmpfs -o mode=0755,size=16m,nosuid,nodev cell "$new"
mkdir "$new/proc" "$new/dev" "$new/tmp" "$new/old"
# Before what is bound: state or sockets may lie below /tmp.
mount -t tmpfs -o mode=1777,size=256m,nosuid,nodev tmp "$new/tmp"
bind() { mkdir -p "$new$2"; mount --bind "$1" "$new$2"; mount -o "remount,bind,nosuid,nodev$3" "$new$2"; }
for dir in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$dir" ]; then cp -P "/$dir" "$new/$dir"; elif [ -d "/$dir" ]; then bind "/$dir" "/$dir" ,ro; fi
done
bind /usr /usr ,ro
bind /etc /etc ,ro
# Names are looked up as on the machine, also where a service of it keeps that file.
names=$(readlink -f /etc/resolv.conf || true)
case $names in /run/*) if [ -f "$names" ]; then mkdir -p "$new\${names%/*}"; : >"$new$names"; mount --bind "$names" "$new$names"; fi ;; esac
bind "$assets" "$assets" ,ro
# Before the pool: an installed Slipway has its state in the same directory as its assets, and would cover what is mounted below.
bind "$state" "$state" ''
mount -t tmpfs -o mode=0755,size=1m,nosuid,nodev pool "$new$pool"
bind "$records" "$records" ,ro
bind "$run" "$run" ''
bind "$app" "$cell_app" ,ro
mount --bind /proc "$new/proc"
for device in null zero urandom random; do : >"$new/dev/$device"; mount --bind "/dev/$device" "$new/dev/$device"; done
IFS=:
for dir in $lessons; do if [ -d "$dir" ]; then bind "$dir" "$dir" ,ro; fi; done
unset IFS
cd "$new"
pivot_root . old
cd "$cell_app"
umount -l /old
exec "$@"
`;
