// Labs on disk: engineDir/labs/<lab>/lab.json. Beside it lies a directory for each host (container/records.ts).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { wishSchema } from '../kernel/egress.ts';
import { idSchema, limitsSchema, profileSchema } from '../kernel/protocol.ts';
import { engineDir } from '../paths.ts';
import { userSchema } from './login.ts';
import { writeJson } from '../container/records.ts';

const networkSchema = z.object({ name: z.enum(['bridge', 'host', 'none']), id: z.string(), driver: z.enum(['bridge', 'host', 'null']) });
export const labRecordSchema = z.object({
  id: idSchema, name: z.string(), createdAt: z.string(), profile: profileSchema, limits: limitsSchema, user: userSchema.default('root'),
  /**
   * suspended: its disk is there, no process. The others are under way, and an engine that finds one finishes it: making ends in disposal, since nobody
   * was told of it; suspending in suspension.
   */
  state: z.enum(['making', 'running', 'suspending', 'suspended', 'disposing']).default('running'),
  suspendedAt: z.string().nullable().default(null),
  /** Made ready for whoever comes: belongs to nobody yet. */
  pooled: z.boolean().default(false),
  /** What it is to reach outside, if the operator permits it. */
  egress: wishSchema.default([]),
  hosts: z.array(z.object({ id: idSchema, hostname: z.string(), networks: z.array(networkSchema) })),
});
export type LabRecord = z.infer<typeof labRecordSchema>;

const labsDir = join(engineDir, 'labs');
const labDir = (lab: string) => join(labsDir, lab);

export function saveLab(record: LabRecord) {
  mkdirSync(labDir(record.id), { recursive: true, mode: 0o700 });
  writeJson(join(labDir(record.id), 'lab.json'), record, { atOnce: true }); // without it, the lab's disk would be nobody's
}

export function forgetLab(lab: string) {
  rmSync(labDir(lab), { recursive: true, force: true });
}

/** Oldest first. A directory without a record is what a crash left of one being made or removed, and goes; a record that cannot be read is reported, and all that belongs to it stays for somebody to look at. */
export function loadLabs(onError: (error: unknown, lab: string) => void): LabRecord[] {
  mkdirSync(labsDir, { recursive: true, mode: 0o700 });
  const records = readdirSync(labsDir).flatMap(name => {
    const path = join(labDir(name), 'lab.json');
    if (!existsSync(path)) {
      forgetLab(name);
      return [];
    }
    try {
      return [labRecordSchema.parse(JSON.parse(readFileSync(path, 'utf8')))];
    } catch (error) {
      onError(error, name);
      return [];
    }
  });
  return records.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}
