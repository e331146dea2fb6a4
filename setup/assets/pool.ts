// The disk pool: one sparse file with btrfs in it, mounted through a loop device; labs' disks are its subvolumes, so that a
// quota holds, a snapshot costs milliseconds, and no lab's disk lies on overlayfs or shares the machine's own free space.
// Set-up makes it; the supervisor calls mountPool at every start (a reboot unmounts it); uninstall calls unmountPool.
import { chmod, chown, mkdir, open, readFile, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { STORE_UID_BASE } from '../../runtime/ids.ts';
import { assetsDir, layersDir, poolDir } from '../../runtime/paths.ts';
import { run } from './command.ts';
import type { Report } from './step.ts';

/** Every local user can read the file's name in /sys/block/loopN/loop/backing_file: it says nothing but "a pool". */
const image = join(assetsDir, 'pool.img');
const DEFAULT_GIB = 64;
const MIN_GIB = 2;
const MOUNT_FLAGS = 'nosuid,nodev,noatime,discard=async';

/** Makes the pool when there is none, and mounts it. Idempotent; with the pool mounted it only looks. */
export async function preparePool(report: Report): Promise<void> {
  await mkdir(assetsDir, { recursive: true, mode: 0o755 });
  if (!await exists(image)) {
    report(10, 'making the disk pool');
    await makeImage();
  }
  report(60, 'mounting the disk pool');
  await mountPool();
}

/** Mounts the pool if it is not mounted; about 0.1 s. Throws a sentence when set-up has not made it yet. */
export async function mountPool(): Promise<void> {
  if (!await isMounted()) {
    if (!await exists(image)) throw new Error(`The disk pool ${image} does not exist: run set-up first.`);
    await mkdir(poolDir, { recursive: true, mode: 0o700 });
    await run(['mount', '-t', 'btrfs', '-o', `loop,${MOUNT_FLAGS}`, image, poolDir]);
  }
  // The pool itself lets the engine through to labs' records; all else in it is shut to all but root.
  await chmod(poolDir, 0o711);
  for (const directory of ['labs', 'uids', 'store', 'workstation']) await mkdir(join(poolDir, directory), { recursive: true, mode: 0o700 });
  await mkdir(join(poolDir, 'records'), { recursive: true, mode: 0o711 });
  // Hosts see this one as a mount of their own and walk through it with a lab's uids.
  await mkdir(layersDir, { recursive: true, mode: 0o755 });
  await chown(layersDir, STORE_UID_BASE, STORE_UID_BASE);
  // Enabled on the file system itself and kept there; asking again is harmless.
  await run(['btrfs', 'quota', 'enable', poolDir]);
}

/** For uninstall, when no lab is left. Idempotent. With `remove`, the pool's file goes too, and with it every lab's disk. */
export async function unmountPool(options: { remove?: boolean } = {}): Promise<void> {
  while (await isMounted()) await run(['umount', poolDir]); // detaches the loop device: mount made it with autoclear
  if (options.remove) await rm(image, { force: true });
}

export async function isMounted(): Promise<boolean> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8');
  return mounts.split('\n').some(line => line.split(' ')[4] === poolDir);
}

/** Built beside and renamed, so that a half-made pool is never taken for one. */
async function makeImage(): Promise<void> {
  const beside = `${image}.new`;
  await rm(beside, { force: true });
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.truncate(await poolBytes());
    await file.sync();
  } finally {
    await file.close();
  }
  // Metadata twice: what is lost when a block of it goes bad is every lab, and it is little. Data once.
  await run(['mkfs.btrfs', '--quiet', '--label', 'slipway', '--metadata', 'dup', '--data', 'single', beside]);
  await run(['mv', beside, image]);
}

async function poolBytes(): Promise<number> {
  const GiB = 2 ** 30;
  const { bavail, bsize } = await statfs(assetsDir);
  const free = bavail * bsize;
  const asked = process.env.SLIPWAY_POOL_GB;
  if (asked !== undefined) {
    const gib = Number(asked);
    if (!(gib >= MIN_GIB)) throw new Error(`SLIPWAY_POOL_GB is "${asked}": give a number of gibibytes, ${MIN_GIB} or more.`);
    return Math.floor(gib * GiB);
  }
  const bytes = Math.min(DEFAULT_GIB * GiB, Math.floor(free * 0.8));
  if (bytes < MIN_GIB * GiB) throw new Error(`Only ${(free / GiB).toFixed(1)} GiB are free below ${assetsDir}: Slipway needs at least ${MIN_GIB / 0.8} GiB there for the labs' disks.`);
  return bytes;
}

const exists = (path: string) => stat(path).then(() => true, () => false);
