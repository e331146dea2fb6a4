// What labs use and which of their own limits they have met, read outside, where no lab has a say. Called by main.ts for the engine, for many labs at once and
// about once a second: files of the kernel only, no process is started. Counters may go back (a container's cgroup goes with it): who compares minds that.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { labDisksDir, labRecordsDir, poolDir } from '../paths.ts';
import type { Cgroups } from './cgroup.ts';
import { run } from './run.ts';

/** Of a lab's own cgroups so many are looked into: it may make any number. */
const MOST_CGROUPS = 64;
/** Memory is charged in batches, so the last pages below a limit are never used. */
const CHARGED_BYTES = 1 << 20;

export interface LabFigures { memoryBytes: number; memoryHits: number; oomKills: number; pids: number; pidsPeak: number; forksRefused: number }
export interface DiskFigures { diskBytes: number; recordsBytes: number }
export type AllFigures = LabFigures & { cpuNs: number; diskBytes: number | null; recordsBytes: number | null; refused: number };

/** As long as nothing has run in a lab since, its figures are what they were: three hundred labs at rest cost a reading each. `cpuNs` is read before the figures. */
const last = new Map<string, { cpuNs: number; at: number; figures: AllFigures }>();
const KEPT_MS = 60_000;

export function lastFigures(lab: string, cpuNs: number | null): AllFigures | undefined {
  const known = last.get(lab);
  return known && known.cpuNs === cpuNs && Date.now() - known.at < KEPT_MS ? known.figures : undefined;
}

export function keepFigures(lab: string, cpuNs: number | null, figures: AllFigures): AllFigures {
  if (cpuNs !== null) last.set(lab, { cpuNs, at: Date.now(), figures });
  return figures;
}

export function labFigures(cgroups: Cgroups, lab: string): LabFigures {
  const used = cgroups.size(lab);
  const [v2] = cgroups.directories(lab);
  if (cgroups.system.version === 'v2') {
    const own = fields(join(v2!, 'memory.events.local'));
    return { ...used, pidsPeak: number(join(v2!, 'pids.peak')), memoryHits: own.oom ?? 0, oomKills: fields(join(v2!, 'memory.events')).oom_kill ?? 0, forksRefused: sum(below(v2!), 'pids.events', 'max') };
  }
  const memory = cgroups.directory('memory', lab);
  // Both are counted where the process was, not where the limit is.
  return { ...used, pidsPeak: number(join(cgroups.directory('pids', lab), 'pids.peak')), memoryHits: peaks(lab, memory), oomKills: sum(below(memory), 'memory.oom_control', 'oom_kill'), forksRefused: sum(below(cgroups.directory('pids', lab)), 'pids.events', 'max') };
}

/** v1 counts no hits in new kernels, but keeps the highest use until it is told to forget it: so how often it was found at the limit is counted here. */
const counted = new Map<string, number>();
function peaks(lab: string, memory: string): number {
  const before = counted.get(lab) ?? 0;
  if (number(join(memory, 'memory.max_usage_in_bytes')) < number(join(memory, 'memory.limit_in_bytes')) - CHARGED_BYTES) return before;
  try { writeFileSync(join(memory, 'memory.max_usage_in_bytes'), '0'); } catch { return before; } // it has ended
  counted.set(lab, before + 1);
  return before + 1;
}

/** To be called when it is gone. */
export function forgetFigures(lab: string) {
  counted.delete(lab);
  last.delete(lab);
  for (const dir of [labDisksDir, labRecordsDir]) forgetSubvolume(join(dir, lab));
}

export function forgetSubvolume(path: string) { ids.delete(path); }

/** What a lab has on disk: since the kernel's last commit, and what is on its way. Undefined where the kernel does not say. */
export async function diskFigures(lab: string): Promise<DiskFigures | undefined> {
  const [diskBytes, recordsBytes] = [await subvolumeBytes(join(labDisksDir, lab)), await subvolumeBytes(join(labRecordsDir, lab))];
  return diskBytes === undefined || recordsBytes === undefined ? undefined : { diskBytes, recordsBytes };
}

/** https://www.kernel.org/doc/html/latest/filesystems/btrfs.html, files of /sys/fs/btrfs/<uuid>/qgroups/<level>_<id>. */
export async function subvolumeBytes(path: string): Promise<number | undefined> {
  const id = await subvolumeId(path);
  const group = id === undefined ? undefined : qgroupsDir() && join(qgroupsDir()!, `0_${id}`);
  if (!group) return undefined;
  const referenced = read(join(group, 'referenced'));
  return referenced === undefined ? undefined : Number(referenced) + ['rsv_data', 'rsv_meta_pertrans', 'rsv_meta_prealloc'].reduce((all, file) => all + number(join(group, file)), 0);
}

/** Found once for each subvolume; its device number is its own as long as it is there. */
const ids = new Map<string, { device: number; id: string }>();
async function subvolumeId(path: string): Promise<string | undefined> {
  const device = statSync(path, { throwIfNoEntry: false })?.dev;
  const known = ids.get(path);
  if (device === undefined) return void ids.delete(path);
  if (known?.device === device) return known.id;
  const id = (await run('btrfs', ['inspect-internal', 'rootid', path]).catch(() => '')).trim();
  if (!id) return undefined;
  ids.set(path, { device, id });
  return id;
}

let found: string | undefined;
/** Where the kernel tells of the pool's quota groups. */
export function qgroupsDir(): string | undefined {
  if (found) return found;
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').flatMap(line => {
    const [before, after] = line.split(' - ');
    const [type, source] = after?.split(' ') ?? [];
    const mount = before?.split(' ')[4];
    return type === 'btrfs' && mount && source && `${poolDir}/`.startsWith(mount === '/' ? '/' : `${mount}/`) ? [{ mount, device: basename(source) }] : [];
  });
  const device = mounts.sort((a, b) => b.mount.length - a.mount.length)[0]?.device;
  const top = '/sys/fs/btrfs';
  const uuid = device && names(top).find(name => names(join(top, name, 'devices')).includes(device));
  return uuid ? (found = join(top, uuid, 'qgroups')) : undefined;
}

function below(dir: string): string[] {
  const all = [dir];
  for (let at = 0; at < all.length && all.length < MOST_CGROUPS; at++) for (const name of directoriesIn(all[at]!)) all.push(join(all[at]!, name));
  return all.slice(0, MOST_CGROUPS);
}

const sum = (dirs: string[], file: string, field: string) => dirs.reduce((all, dir) => all + (fields(join(dir, file))[field] ?? 0), 0);
/** Lines of "name number". */
const fields = (path: string): Record<string, number> => Object.fromEntries((read(path) ?? '').split('\n').map(line => line.split(' ')).map(([name, value]) => [name!, Number(value)]));
const number = (path: string) => Number(read(path) ?? 0);
const names = (dir: string): string[] => { try { return readdirSync(dir); } catch { return []; } };
const directoriesIn = (dir: string): string[] => { try { return readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name); } catch { return []; } };
function read(path: string): string | undefined {
  try { return readFileSync(path, 'utf8').trim(); } catch { return undefined; } // it has ended, or this kernel does not say
}
