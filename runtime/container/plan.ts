// A container's start as a task: the steps before, the OCI runtime, the steps after. Pure. Carried out inside the host, as the lab's root.
import type { Step, Task } from '../kernel/protocol.ts';
import { atOnce } from '../network/at-once.ts';
import { letAllGo, removals } from '../network/endpoint.ts';
import type { OciSpec } from '../oci/spec.ts';
import { lowerOf } from '../snapshot/layer-path.ts';
import { mountVolume, unmountVolume } from '../volume/options.ts';
import { taskLog } from './log-options.ts';
import { bundleDir, cgroupOf, diffDir, mergedDir, netnsPath, overlayDir, runtimeRoot, sandboxDir, sandboxIdOf, shmDir, taskOf, workDir } from './paths.ts';
import { startChecks } from './start-checks.ts';
import type { ContainerRecord, Endpoint, Host } from './model.ts';

const RUNTIME = ['crun', `--root=${runtimeRoot}`, '--cgroup-manager=cgroupfs'];
const [MS_NOSUID, MS_NODEV, MS_NOEXEC] = [2, 4, 8];

/** Of the container's own: a namespace made by a step. */
export const hasOwnNetns = (record: ContainerRecord) => !/^(host$|container:)/.test(record.hostConfig.NetworkMode);

export function startTask(host: Host, record: ContainerRecord, parts: { spec: OciSpec; sandbox: Step[]; network: Step[]; endpoints: readonly Endpoint[] }): Task {
  const { id, config, hostConfig } = record;
  const bundle = bundleDir(id);
  const [height, width] = hostConfig.ConsoleSize;
  const pidFile = `${bundle}/pid`;
  const errorFile = `${bundle}/log`;
  return {
    id: taskOf(id),
    before: [
      { do: 'mkdir', path: overlayDir(id), mode: 0o710 },
      { do: 'mkdir', path: diffDir(id), mode: 0o755 },
      { do: 'mkdir', path: workDir(id), mode: 0o700 },
      { do: 'mkdir', path: mergedDir(id), mode: 0o700 },
      ...(record.layers.length ? [] : [{ do: 'mkdir', path: emptyDir(id), mode: 0o755 } satisfies Step]),
      ...overlaySteps(record),
      ...parts.sandbox,
      ...(hostConfig.IpcMode === 'shareable' ? shareableMemory(id, hostConfig.ShmSize) : []),
      ...volumeSteps(host, record),
      ...startChecks(record),
      ...workingDirectory(record),
      { do: 'mkdir', path: bundle, mode: 0o700 },
      { do: 'unlink', path: errorFile },
      { do: 'write', path: `${bundle}/config.json`, mode: 0o600, text: JSON.stringify(parts.spec) },
      ...(hasOwnNetns(record) ? [{ do: 'mkdir', path: '/run/docker/netns', mode: 0o755 }, { do: 'netns', path: netnsPath(sandboxIdOf(id)) }] satisfies Step[] : []),
      ...parts.network,
    ],
    argv: [...RUNTIME, `--log=${errorFile}`, '--log-format=json', 'run', '--detach', '--no-new-keyring', `--bundle=${bundle}`, `--pid-file=${pidFile}`, ...(config.Tty ? ['--console-socket', '{console}'] : []), id],
    io: config.Tty ? { kind: 'console', cols: width || 80, rows: height || 24 } : { kind: 'pipes', stdin: config.OpenStdin },
    wait: { for: 'orphan', pidFile, errorFile },
    after: cleanUp(host, record, parts.endpoints),
    ...taskLog(record),
  };
}

const shareableMemory = (id: string, bytes: number): Step[] => [
  { do: 'mkdir', path: shmDir(id), mode: 0o755 },
  { do: 'mount', type: 'tmpfs', source: 'shm', target: shmDir(id), flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: `mode=1777,size=${bytes}` },
];

/** Undoes what the start has made, whatever of it is there. */
export function cleanUp(host: Host, record: ContainerRecord, endpoints: readonly Endpoint[]): Step[] {
  const { id } = record;
  const netns = netnsPath(sandboxIdOf(id));
  const bundle = bundleDir(id);
  return [
    { do: 'note', name: OOM_NOTE, path: memoryEvents(host, record) },
    ...letAllGo(id, endpoints),
    // What connects have made since is undone beside the rest: each is tried, whatever is there.
    ...atOnce([{ do: 'run', argv: [...RUNTIME, 'delete', '--force', id] }], ...removals(id, endpoints), ...(hasOwnNetns(record) ? [[undoLater(id)]] : [])),
    { do: 'umount', path: mergedDir(id) },
    ...(record.hostConfig.IpcMode === 'shareable' ? [{ do: 'umount', path: shmDir(id) }, { do: 'unlink', path: shmDir(id) }] satisfies Step[] : []),
    ...(hasOwnNetns(record) ? [{ do: 'umount', path: netns }, { do: 'unlink', path: netns }] satisfies Step[] : []),
    ...record.mounts.filter(m => m.type === 'volume' && host.volumes.byName.get(m.name)?.options).map(m => unmountVolume(m.name, id)),
    ...['config.json', 'pid', 'log'].map((name): Step => ({ do: 'unlink', path: `${bundle}/${name}` })),
    { do: 'unlink', path: bundle },
    ...(record.hostConfig.AutoRemove ? [removeFiles(record)] : []),
  ];
}

/** What connects and disconnects while it runs have made, or moved, since these steps were written (connect.ts keeps it). */
export const undoFile = (id: string) => `/run/docker/network/${id}`;
const undoLater = (id: string): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', '[ ! -e "$1" ] || { busybox sh "$1"; rm -f "$1"; }', 'sh', undoFile(id)] });

/** What a container leaves on the lab's disk. */
export function removeFiles(record: ContainerRecord): Step {
  return { do: 'run', argv: ['busybox', 'rm', '-rf', overlayDir(record.id), sandboxDir(record.id)] };
}

/** The kernel's account of OOM kills, kept with how the task ended, since the cgroup is gone afterwards. */
export const OOM_NOTE = 'memory';
const memoryEvents = (host: Host, record: ContainerRecord) => (host.cgroupVersion === 'v2' ? `/sys/fs/cgroup/${cgroupOf(record)}/memory.events` : `/sys/fs/cgroup/memory/${cgroupOf(record)}/memory.oom_control`);

/** What an image without layers has. */
export const emptyDir = (id: string) => `${overlayDir(id)}/empty`;

/** Lower directories topmost first: https://docs.kernel.org/filesystems/overlayfs.html */
export function overlaySteps({ id, layers }: Pick<ContainerRecord, 'id' | 'layers'>): Step[] {
  const { lower, before } = lowerOf(layers);
  return [...before, { do: 'mount', type: 'overlay', source: 'overlay', target: mergedDir(id), flags: MS_NODEV, data: `lowerdir=${lower || emptyDir(id)},upperdir=${diffDir(id)},workdir=${workDir(id)},userxattr` }];
}

/** Directories of volumes and of -v with a path that is not there; a new volume starts with what the image has in its place. */
function volumeSteps(host: Host, record: ContainerRecord): Step[] {
  return record.mounts.flatMap((mount): Step[] => {
    if (mount.type === 'bind' && (!mount.fromMounts || mount.makesSource)) return [{ do: 'run', argv: ['busybox', 'sh', '-c', '[ -e "$1" ] || mkdir -p "$1"', 'sh', mount.source] }];
    if (mount.type !== 'volume') return [];
    const copy = '[ -d "$1" ] && [ -z "$(ls -A "$2")" ] && cp -a "$1/." "$2/" || true';
    const options = host.volumes.byName.get(mount.name)?.options;
    return [
      ...(options ? mountVolume(mount.name, options, record.id) : [{ do: 'mkdir', path: mount.source, mode: 0o755 } satisfies Step]),
      ...(record.hasBeenStarted || record.layers.length === 0 || mount.noCopy ? [] : [{ do: 'run', argv: ['busybox', 'sh', '-c', copy, 'sh', `${mergedDir(record.id)}${mount.destination}`, mount.source] } satisfies Step]),
    ];
  });
}

/** Docker makes a working directory that the image lacks. */
function workingDirectory(record: ContainerRecord): Step[] {
  const { WorkingDir } = record.config;
  if (!WorkingDir || WorkingDir === '/') return [];
  const script = 'd=; set -f; IFS=/; for p in $2; do [ -n "$p" ] || continue; d=$d/$p; [ ! -L "$1$d" ] || exit 0; if [ -e "$1$d" ] && [ ! -d "$1$d" ]; then echo "Cannot mkdir: $2 is not a directory"; exit 1; fi; done; mkdir -p "$1$2"';
  return [{ do: 'run', argv: ['busybox', 'sh', '-c', script, 'sh', mergedDir(record.id), WorkingDir] }];
}
