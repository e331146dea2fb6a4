// What a lab gets unless asked otherwise, by environment, so that an operator can say it in one place.
import { z } from 'zod';
import type { Limits } from '../kernel/protocol.ts';

const positive = (fallback: number) => z.coerce.number().positive().default(fallback);

export const defaultLimits: Limits = z.object({
  SLIPWAY_LAB_MEMORY_BYTES: positive(1 << 30),
  SLIPWAY_LAB_PIDS: positive(512),
  SLIPWAY_LAB_CPUS: positive(1),
  SLIPWAY_LAB_DISK_BYTES: positive(2 * (1 << 30)),
}).transform(e => ({ memoryBytes: e.SLIPWAY_LAB_MEMORY_BYTES, pids: e.SLIPWAY_LAB_PIDS, cpus: e.SLIPWAY_LAB_CPUS, diskBytes: e.SLIPWAY_LAB_DISK_BYTES })).parse(process.env);

/** Ready labs waiting: at least, and at most however many are asked for. */
export const poolSize = z.object({ SLIPWAY_POOL: z.coerce.number().int().min(0).default(3), SLIPWAY_POOL_MAX: z.coerce.number().int().min(0).default(30) })
  .transform(e => ({ min: Math.min(e.SLIPWAY_POOL, e.SLIPWAY_POOL_MAX), max: e.SLIPWAY_POOL_MAX })).parse(process.env);
