// Labs' disks: one btrfs subvolume each in the pool, with a quota group as hard limit. Files lie on disk with uids of the store range
// (ids.ts), so that a snapshot can become another lab's disk without touching a file. A second, small subvolume holds what is written down
// about the lab (container logs, ends of tasks): a lab that floods its logs fills that, and nothing else.
import { chownSync, existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { STORE_UID_BASE } from '../ids.ts';
import { instance, labDisksDir, labRecordsDir, poolDir } from '../paths.ts';
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

async function createSubvolume(path: string, sizeBytes: number, from?: string) {
  if (!existsSync(path)) await run('btrfs', ['-q', 'subvolume', ...(from ? ['snapshot', from] : ['create']), path]);
  // Also of one that is there: a loss of power may have kept the subvolume and not its limit.
  await run('btrfs', ['qgroup', 'limit', String(sizeBytes), path]);
}

/** As it is at this moment, stored as a difference; the lab goes on. */
export async function snapshotDisk(lab: string, snapshot: string) {
  mkdirSync(snapshotDir(snapshot), { recursive: true, mode: 0o700 });
  for (const [path, name] of [[labDisk(lab), 'disk'], [labRecords(lab), 'records']] as const) await run('btrfs', ['-q', 'subvolume', 'snapshot', '-r', path, join(snapshotDir(snapshot), name)]);
}

/** One that is not there, or only in part, is fine. */
export async function removeSnapshot(snapshot: string) {
  const dir = snapshotDir(snapshot);
  for (const path of [join(dir, 'disk'), join(dir, 'records')]) if (existsSync(path)) await run('btrfs', ['-q', 'subvolume', 'delete', path]);
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

/** A quota group can only go when the kernel has cleaned its subvolume up, some time after the deletion. */
export async function clearStaleQuotas() {
  await run('btrfs', ['qgroup', 'clear-stale', poolDir], { timeoutMs: 60_000 }).catch(() => undefined);
}

const CLEANED_AFTER_MS = 40_000; // btrfs commits, and then cleans up, every 30 s
let clearing: NodeJS.Timeout | undefined;
function clearStaleQuotasSoon() {
  clearing ??= setTimeout(() => { clearing = undefined; void clearStaleQuotas(); }, CLEANED_AFTER_MS).unref();
}
