// Options of volumes of the local driver: `volume create -o type=… -o device=… -o o=…`. Such a volume is mounted while a container uses it, as
// dockerd does, by the container's own steps inside the lab: the first user mounts it, the last takes it off. Pure.
import { SlipwayError } from '../errors.ts';
import type { Step } from '../kernel/protocol.ts';
import { volumeData } from './volumes.ts';

export type VolumeOptions = Readonly<Record<string, string>>;

const KNOWN = ['device', 'o', 'size', 'type'];
const NEEDS: readonly (readonly [string, readonly string[]])[] = [['device', ['type']], ['type', ['device']], ['o', ['device', 'type']]];

/** By dockerd's rules. Throws InvalidParameter. */
export function checkVolumeOptions(name: string, options: VolumeOptions): void {
  const invalid = (why: string) => new SlipwayError('InvalidParameter', `create ${name}: ${why}`);
  for (const key of Object.keys(options)) if (!KNOWN.includes(key)) throw invalid(`invalid option: ${JSON.stringify(key)}`);
  if (options.size !== undefined) throw invalid(/^\d+(\.\d+)? ?[kmgtp]?i?b?$/i.test(options.size) ? 'quota size requested but no quota support' : `invalid size: '${options.size}'`);
  for (const [key, needed] of NEEDS) if (options[key]) for (const other of needed) if (!options[other]) throw invalid(`missing required option: ${JSON.stringify(other)}`);
}

/** '' is no name, and another is made up. Throws InvalidParameter. */
export function checkVolumeName(name: string): void {
  if (name.length === 1) throw new SlipwayError('InvalidParameter', `create ${name}: volume name is too short, names should be at least two alphanumeric characters`);
  if (name === '' || /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return;
  throw new SlipwayError('InvalidParameter', `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`);
}

/** Words of mount(8) that are flags of mount(2), for dockerd's account of a failure. https://man7.org/linux/man-pages/man2/mount.2.html */
const FLAGS: Readonly<Record<string, number>> = {
  ro: 1, nosuid: 2, nodev: 4, noexec: 8, sync: 16, remount: 32, mand: 64, dirsync: 128, noatime: 1024, nodiratime: 2048, bind: 4096, rbind: 0x5000, relatime: 1 << 21, strictatime: 1 << 24,
};

const usersDir = '/run/docker/volume-users';
/** One at a time over all containers of the host; a lock that somebody left is waited for in vain only once. */
const LOCKED = 'l=/run/docker/volume-users/.lock; i=0; while ! mkdir "$l" 2>/dev/null && [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; trap "rmdir $l 2>/dev/null" EXIT;';

export function mountVolume(name: string, options: VolumeOptions, container: string): Step[] {
  const target = volumeData(name);
  const words = (options.o ?? '').split(',').filter(Boolean);
  const flags = words.reduce((sum, word) => sum | (FLAGS[word] ?? 0), 0);
  const data = words.filter(word => !(word in FLAGS) && word !== 'rw' && word !== 'defaults').join(',');
  const said = `error while mounting volume '${target}': failed to mount local volume: mount ${options.device}:${target}${flags ? `, flags: 0x${flags.toString(16)}` : ''}${data ? `, data: ${data}` : ''}: `;
  const script = `${LOCKED} mkdir -p "$1" && : > "$1/$2"; if grep -qF " $3 " /proc/self/mountinfo; then exit 0; fi; `
    + 'w=$(mount -t "$4" ${6:+-o "$6"} "$5" "$3" 2>&1) && exit 0; rm -f "$1/$2"; w=${w##*failed: }; w=${w##*: }; echo "docker: $7$(echo "$w" | tr A-Z a-z)"; exit 1';
  return [
    { do: 'mkdir', path: target, mode: 0o755 }, { do: 'mkdir', path: usersDir, mode: 0o700 },
    { do: 'run', argv: ['busybox', 'sh', '-c', script, 'sh', `${usersDir}/${name}`, container, target, options.type ?? '', options.device ?? '', options.o ?? '', said] },
  ];
}

export function unmountVolume(name: string, container: string): Step {
  const script = `${LOCKED} rm -f "$1/$2"; if rmdir "$1" 2>/dev/null || [ ! -e "$1" ]; then umount -l "$3" 2>/dev/null; fi; exit 0`;
  return { do: 'run', argv: ['busybox', 'sh', '-c', script, 'sh', `${usersDir}/${name}`, container, volumeData(name)] };
}

/** Takes off whatever may still be mounted, so that no removal reaches what it shows. */
export const REMOVE_VOLUMES = 'for d in "$@"; do while grep -qF " $d/_data " /proc/self/mountinfo; do umount -l "$d/_data" || exit 1; done; rm -rf "$d" || exit 1; done';
