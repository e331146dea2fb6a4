// Labs' disks: one btrfs subvolume each in the pool, with a quota group as hard limit. Files lie on disk with uids of the store range
// (ids.ts), so that a snapshot can become another lab's disk without touching a file. A second, small subvolume holds what is written down
// about the lab (container logs, ends of tasks): a lab that floods its logs fills that, and nothing else.
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { STORE_UID_BASE } from '../ids.ts';
import { instance, labDisksDir, labRecordsDir, poolDir } from '../paths.ts';
import { forgetSubvolume, qgroupsDir, subvolumeBytes } from './figures.ts';
import { run } from './run.ts';

const RECORDS_BYTES = 512 * 1024 * 1024;

const labDisk = (lab: string) => join(labDisksDir, lab);
const labRecords = (lab: string) => join(labRecordsDir, lab);
export const snapshotDir = (snapshot: string) => join(poolDir, 'snapshots', instance, snapshot);
export const hostDisk = (lab: string, host: string) => join(labDisk(lab), host);

/** The tree is complete before any process of the lab can see it; later nothing outside the lab walks it. */
export async function createDisk(lab: string, host: string, sizeBytes: number, snapshot?: string) {
  await createSubvolume(labDisk(lab), sizeBytes, snapshot && join(snapshotDir(snapshot), 'disk'));
  await createSubvolume(labRecords(lab), RECORDS_BYTES, snapshot && join(snapshotDir(snapshot), 'records'));
  for (const kind of ['logs', 'tasks']) mkdirSync(join(labRecords(lab), kind, host), { recursive: true, mode: 0o755 });
  const disk = hostDisk(lab, host);
  if (existsSync(disk)) return disk;
  for (const [path, mode] of [['', 0o755], ['root', 0o755], ['root/diff', 0o755], ['root/work', 0o700], ['docker', 0o710]] as const) {
    mkdirSync(join(disk, path), { mode });
    chownSync(join(disk, path), STORE_UID_BASE, STORE_UID_BASE);
  }
  return disk;
}

/** Its last directory is there. */
export const isDiskWhole = (lab: string, host: string) => existsSync(join(hostDisk(lab, host), 'docker')) && existsSync(labRecords(lab));

async function createSubvolume(path: string, sizeBytes: number, from?: string) {
  if (!existsSync(path)) await run('btrfs', ['-q', 'subvolume', ...(from ? ['snapshot', from] : ['create']), path]);
  // Also of one that is there: a loss of power may have kept the subvolume and not its limit.
  await run('btrfs', ['qgroup', 'limit', String(sizeBytes), path]);
}

/** What the disk of a lab may hold. */
export const limitDisk = (lab: string, sizeBytes: number) => run('btrfs', ['qgroup', 'limit', String(sizeBytes), labDisk(lab)]);

/** As it is at this moment, stored as a difference; the lab goes on. Making it has the kernel count what lies in both. */
export async function snapshotDisk(lab: string, snapshot: string) {
  mkdirSync(snapshotDir(snapshot), { recursive: true, mode: 0o700 });
  for (const [path, name] of [[labDisk(lab), 'disk'], [labRecords(lab), 'records']] as const) await run('btrfs', ['-q', 'subvolume', 'snapshot', '-r', path, join(snapshotDir(snapshot), name)]);
  const [disk, records, of] = await Promise.all([join(snapshotDir(snapshot), 'disk'), join(snapshotDir(snapshot), 'records'), labDisk(lab)].map(path => subvolumeBytes(path)));
  return { bytes: (disk ?? 0) + (records ?? 0), diskBytes: of ?? 0 };
}

/** One that is not there, or only in part, is fine. */
export async function removeSnapshot(snapshot: string) {
  const dir = snapshotDir(snapshot);
  for (const path of [join(dir, 'disk'), join(dir, 'records')]) {
    if (existsSync(path)) await run('btrfs', ['-q', 'subvolume', 'delete', path]);
    forgetSubvolume(path);
  }
  if (existsSync(dir)) rmdirSync(dir);
  clearStaleQuotasSoon();
}

export async function removeDisk(lab: string) {
  for (const path of [labDisk(lab), labRecords(lab)]) if (existsSync(path)) await run('btrfs', ['-q', 'subvolume', 'delete', path]);
  clearStaleQuotasSoon();
}

/** Labs of this instance that have a disk. */
export const disks = (): string[] => [labDisksDir, labRecordsDir].flatMap(dir => (existsSync(dir) ? readdirSync(dir) : []));

export async function diskUsage(lab: string): Promise<number> {
  const out = await run('btrfs', ['--format', 'json', 'qgroup', 'show', '--raw', '-f', labDisk(lab)]).catch(() => '');
  const parsed = out.startsWith('{') ? (JSON.parse(out) as { qgroup_show?: { referenced: number }[] }) : undefined;
  return Number(parsed?.qgroup_show?.[0]?.referenced ?? 0) || plainUsage(await run('btrfs', ['qgroup', 'show', '--raw', '-f', labDisk(lab)]));
}

/** btrfs-progs without JSON for quotas: a table whose second column is what is referenced. */
function plainUsage(table: string): number {
  const row = table.trim().split('\n').at(-1)?.trim().split(/\s+/);
  return Number(row?.[1] ?? 0);
}

/**
 * The kernel gives up counting, and with it every limit in the pool, when it thinks it has lost count: then all is counted anew, while labs go on. True when that was begun.
 * https://btrfs.readthedocs.io/en/latest/btrfs-quota.html
 */
export async function keepQuotas(): Promise<boolean> {
  const dir = qgroupsDir();
  if (dir === undefined) return false;
  const set = (file: string) => { try { return readFileSync(join(dir, file), 'utf8').trim(); } catch { return ''; } }; // this kernel has no such file
  // Removing a large tree is one of its reasons, unless it is told that no tree is too large.
  if (!['', NO_TREE].includes(set('drop_subtree_threshold'))) writeFileSync(join(dir, 'drop_subtree_threshold'), NO_TREE);
  if (set('inconsistent') !== '1') return false;
  await run('btrfs', ['quota', 'rescan', poolDir]).catch(error => { if (!String(error).includes('in progress')) throw error; });
  return true;
}
/** btrfs' trees have at most so many levels. */
const NO_TREE = '8';

/** A quota group can only go when the kernel has cleaned its subvolume up, some time after the deletion. */
export async function clearStaleQuotas() {
  await run('btrfs', ['qgroup', 'clear-stale', poolDir], { timeoutMs: 60_000 }).catch(() => undefined);
}

const CLEANED_AFTER_MS = 40_000; // btrfs commits, and then cleans up, every 30 s
let clearing: NodeJS.Timeout | undefined;
export function clearStaleQuotasSoon() {
  clearing ??= setTimeout(() => { clearing = undefined; void clearStaleQuotas(); }, CLEANED_AFTER_MS).unref();
}
