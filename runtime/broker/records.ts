// What the broker must remember of a lab: one JSON file each, written whole beside and renamed. From these a restarted broker finds its labs again.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { idSchema, limitsSchema, profileSchema } from '../kernel/protocol.ts';
import { writeWhole } from '../durable.ts';
import { stateDir } from '../paths.ts';

export const recordsDir = join(stateDir, 'broker');

const processSchema = z.object({ pid: z.number(), started: z.number() });
const hostRecordSchema = z.object({
  hostname: z.string(),
  profile: profileSchema,
  /** The init as the machine sees it, and when it started (clock ticks since boot), since pids are used again. */
  init: processSchema.nullable(),
  /** Which directory the host's toolbox is: set-up may have put a newer one in its place since. */
  toolbox: z.object({ device: z.number(), inode: z.number() }),
  /** Its way out (egress/gates.ts): who holds the gate's namespaces, who carries, and all that it was made from. */
  gate: z.object({ holder: processSchema, carrier: processSchema, allow: z.array(z.string()), ipv6: z.boolean(), made: z.string() }).nullable().default(null),
});
export const labRecordSchema = z.object({ lab: idSchema, uidIndex: z.number().int(), limits: limitsSchema, /** Of the disk limit, kept for something else. */ reservedBytes: z.number().default(0), hosts: z.record(idSchema, hostRecordSchema) });
export type HostRecord = z.infer<typeof hostRecordSchema>;
export type LabRecord = z.infer<typeof labRecordSchema>;

export function saveLab(record: LabRecord) {
  writeWhole(join(recordsDir, `${record.lab}.json`), JSON.stringify(record), { atOnce: true });
}

export function forgetLab(lab: string) {
  rmSync(join(recordsDir, `${lab}.json`), { force: true });
}

/** A file that cannot be read stands for a lab that was being made when the machine stopped: it is swept. */
export function loadLabs(): LabRecord[] {
  mkdirSync(recordsDir, { recursive: true, mode: 0o700 });
  return readdirSync(recordsDir).filter(name => name.endsWith('.json')).flatMap(name => {
    try {
      const parsed = labRecordSchema.safeParse(JSON.parse(readFileSync(join(recordsDir, name), 'utf8')));
      if (parsed.success) return [parsed.data];
    } catch { /* not JSON */ }
    rmSync(join(recordsDir, name), { force: true });
    return [];
  });
}
