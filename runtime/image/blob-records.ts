// What a host knows of layers' blobs in registries: under which digest a layer was pulled from or pushed to which repository. So a push finds
// out without packing anything that a layer is there already, or in a neighbouring repository. Only a memory: the registry is always asked.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { diffIdSchema, digestSchema, type DiffId } from '../content/digest.ts';

/** The newest are kept. */
const MAX_RECORDS = 1000;

const recordSchema = z.object({ diffId: diffIdSchema, digest: digestSchema, size: z.number().int().nonnegative(), repository: z.string() });
/** `repository` with its registry: `localhost:5000/busybox`. */
export type BlobRecord = z.infer<typeof recordSchema>;

export interface BlobRecords {
  /** Newest first. */
  of(diffId: DiffId): BlobRecord[];
  remember(records: readonly BlobRecord[]): void;
}

/** The file is small, read and written in one go; it need not be there. */
export function blobRecords(file: string): BlobRecords {
  const load = (): BlobRecord[] => {
    try {
      return z.array(recordSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      return []; // none yet, or half written by an older crash: then layers are sent anew
    }
  };
  const same = (a: BlobRecord, b: BlobRecord) => a.diffId === b.diffId && a.digest === b.digest && a.repository === b.repository;
  return {
    of: diffId => load().filter(record => record.diffId === diffId),
    remember(records) {
      if (records.length === 0) return;
      const kept = [...records, ...load().filter(old => !records.some(record => same(record, old)))].slice(0, MAX_RECORDS);
      writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
  };
}
