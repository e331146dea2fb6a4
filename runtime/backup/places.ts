// What a backup consists of, and where each part lies in the archive. Shared by take.ts and put-back.ts.
import { z } from 'zod';
import { idSchema } from '../kernel/protocol.ts';

/** Counted up when an older Slipway could not read what a newer one writes. */
export const FORMAT = 1;
/** The name of the snapshots that are taken for a backup; one that is found was left by a backup that was killed. */
export const SNAPSHOT_NAME = 'for a backup';

export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  at: z.string(),
  labs: z.array(z.object({ id: idSchema, name: z.string() })),
  snapshots: z.array(idSchema),
  database: z.enum(['sqlite', 'postgresql']),
  /** The library's layers at that time: labs' images consist of them. */
  layers: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const MANIFEST = 'manifest.json';
export const DATABASE = 'web/slipway.db';
export const SECRET = 'web/cookie-secret';
/** In the order in which they are written and received. */
export const VOLUMES = ['disk', 'records'] as const;

/** The database's file; undefined when it is PostgreSQL's. The same setting as the web process's (prisma/database.ts). */
export function sqliteFile(fallback: string, setting = process.env.SLIPWAY_DATABASE_URL): string | undefined {
  if (!setting) return fallback;
  return setting.startsWith('file:') ? setting.slice('file:'.length) : undefined;
}
