// Whether the machine can take one more lab, before it suffers: memory, disk, process ids. Asked by labs.ts before it makes one.
import { statfsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { labRecordsDir } from '../paths.ts';

const share = (fallback: number) => z.coerce.number().min(0).max(1).default(fallback);

/** What must stay free, as a share of what there is. */
const reserve = z.object({ SLIPWAY_RESERVE_MEMORY: share(0.1), SLIPWAY_RESERVE_DISK: share(0.1), SLIPWAY_RESERVE_PIDS: share(0.2) }).parse(process.env);

export interface Room { memory: { free: number; total: number }; disk: { free: number; total: number }; pids: { free: number; total: number } }

/** The engine sees the machine's /proc, and of the pool the part that holds what is written down about labs. */
export function measureRoom(): Room {
  const meminfo = readFileSync('/proc/meminfo', 'utf8');
  const kilobytes = (name: string) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  const disk = statfsSync(labRecordsDir);
  const pids = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8'));
  const threads = Number(readFileSync('/proc/loadavg', 'utf8').split(' ')[3]?.split('/')[1] ?? 0);
  return {
    memory: { free: kilobytes('MemAvailable'), total: kilobytes('MemTotal') },
    disk: { free: disk.bavail * disk.bsize, total: disk.blocks * disk.bsize },
    pids: { free: pids - threads, total: pids },
  };
}

/** However much there is: no more than so many labs run at the same time. */
const capacity = { most: z.coerce.number().int().positive().optional().parse(process.env.SLIPWAY_MAX_LABS) ?? null as number | null };
export const mostLabs = () => capacity.most;
export const reserved = { memory: reserve.SLIPWAY_RESERVE_MEMORY, disk: reserve.SLIPWAY_RESERVE_DISK, pids: reserve.SLIPWAY_RESERVE_PIDS };
export function setMostLabs(most: number | null) { capacity.most = most; }

/** Throws Unavailable, naming what is scarce. */
export function checkRoom(running: number, room: Room = measureRoom()) {
  if (capacity.most !== null && running >= capacity.most) throw new SlipwayError('Unavailable', `no room for another lab: ${running} run, which is the most (SLIPWAY_MAX_LABS)`);
  const scarce = ([['memory', reserve.SLIPWAY_RESERVE_MEMORY], ['disk', reserve.SLIPWAY_RESERVE_DISK], ['pids', reserve.SLIPWAY_RESERVE_PIDS]] as const).find(([what, share]) => room[what].free < room[what].total * share)?.[0];
  if (scarce) throw new SlipwayError('Unavailable', `no room for another lab: ${{ memory: 'memory is short', disk: 'the disk is nearly full', pids: 'there are too many processes' }[scarce]}`);
}
