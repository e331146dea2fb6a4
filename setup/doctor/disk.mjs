// Room, and the pool that labs have their disks on.
import { statSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { have } from '../shell.mjs';
import { attempt, read, withScratch } from './try.mjs';

const GiB = 2 ** 30;
const assets = process.env.SLIPWAY_ASSETS ?? '/var/lib/slipway';

function nearestExisting(path) {
  return statSync(path, { throwIfNoEntry: false }) ? path : nearestExisting(dirname(path));
}

/** @type {import('./main.mjs').Check[]} */
export const diskChecks = [
  {
    id: 'loop-btrfs', title: 'Disk pool (loop device, btrfs)', required: true, needsRoot: true,
    look: () => withScratch(dir => {
      if (!(read('/proc/filesystems') ?? '').includes('btrfs') && !attempt(['modprobe', 'btrfs']).ok) return { state: 'missing', found: 'no btrfs in this kernel', todo: 'use a stock Debian or Ubuntu kernel (cloud kernels: install linux-modules-extra)' };
      const image = join(dir, 'pool');
      writeFileSync(image, '');
      truncateSync(image, 128 << 20);
      if (!have('mkfs.btrfs')) {
        const loop = attempt(['sh', '-euc', 'device=$(losetup --find --show "$1"); losetup --detach "$device"', 'sh', image]);
        return loop.ok ? { state: 'fine', found: 'attached a loop device; btrfs is in the kernel (its tools come with npm start)' } : { state: 'missing', found: loop.said, todo: 'modprobe loop; a container needs --privileged' };
      }
      const tried = attempt(['unshare', '--mount', 'sh', '-euc', 'mkfs.btrfs --quiet "$1"; mkdir "$2"; mount -o loop "$1" "$2"; btrfs quota enable "$2"; btrfs subvolume create "$2/lab" >/dev/null; btrfs qgroup limit 16M "$2/lab"; umount "$2"', 'sh', image, join(dir, 'mounted')]);
      return tried.ok ? { state: 'fine', found: 'made one, with a quota on a subvolume' } : { state: 'missing', found: tried.said, todo: 'modprobe loop btrfs; a container needs --privileged' };
    }),
  },
  {
    id: 'disk', title: 'Disk space', required: true,
    look: () => {
      const { bavail, bsize } = statfsSync(nearestExisting(assets));
      const free = (bavail * bsize) / GiB;
      const found = `${free.toFixed(0)} GiB free below ${assets}`;
      if (free < 10 && !statSync(join(assets, 'pool.img'), { throwIfNoEntry: false })) return { state: 'missing', found, todo: 'Slipway needs 10 GiB to begin with: free some, or set SLIPWAY_ASSETS to a directory on a larger disk' };
      return free < 24 ? { state: 'degraded', found, lost: 'room for many labs: new ones are refused when the disk is nearly full' } : { state: 'fine', found };
    },
  },
];
