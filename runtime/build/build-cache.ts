// What BuildKit's builder keeps of earlier builds of a host: layers by the step that made them, base images, directories of cache mounts. One JSON
// file, written whole and renamed. It keeps its layers' files from being collected (image/store.ts asks), until `docker builder prune`.
// Opened by lab/open-host.ts; used by solver.ts. The files themselves are the lab's, on its own disk.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { diffIdSchema, digestSchema, imageIdSchema, type ChainId } from '../content/digest.ts';
import { writeJson } from '../container/records.ts';

const layerSchema = z.object({ diffId: diffIdSchema, chainId: digestSchema.transform(digest => digest as string as ChainId), key: z.string(), sizeBytes: z.number() });
const recordSchema = z.object({
  id: z.string(),
  type: z.enum(['regular', 'source.local', 'exec.cachemount', 'frontend']),
  description: z.string(),
  /** What it is found by. */
  keys: z.array(z.string()),
  layers: z.array(layerSchema),
  /** A base image that no name of this host means. */
  image: z.object({ id: imageIdSchema, configText: z.string() }).optional(),
  /** A directory in the lab, of cache mounts and kept contexts. */
  directory: z.string().optional(),
  sizeBytes: z.number(),
  created: z.string(),
  lastUsed: z.string(),
  usageCount: z.number(),
  parents: z.array(z.string()),
});
export type CacheRecord = z.infer<typeof recordSchema>;

/** Beyond this the longest unused go: a loop of builds must not grow the file without end. */
const MAX_RECORDS = 2000;

export class BuildCache {
  private records: CacheRecord[];
  private readonly file: string;
  private readonly byKey = new Map<string, CacheRecord>();
  /** Called with layers that nothing of the cache holds any more, and directories. */
  private readonly onGone: (gone: { layers: string[]; directories: string[] }) => void;
  private dirty = false;

  constructor(file: string, onGone: (gone: { layers: string[]; directories: string[] }) => void) {
    this.file = file;
    this.onGone = onGone;
    this.records = load(file);
    for (const record of this.records) for (const key of record.keys) this.byKey.set(key, record);
  }

  all(): readonly CacheRecord[] { return this.records; }
  layerKeys(): string[] { return this.records.flatMap(record => record.layers.map(layer => layer.key)); }

  /** Counts as a use. */
  find(key: string): CacheRecord | undefined {
    const record = this.byKey.get(key);
    if (record) {
      record.lastUsed = new Date().toISOString();
      record.usageCount++;
      this.dirty = true;
    }
    return record;
  }

  add(record: Omit<CacheRecord, 'id' | 'created' | 'lastUsed' | 'usageCount'> & { created?: string }): CacheRecord {
    const now = new Date().toISOString();
    const added: CacheRecord = { created: now, ...record, id: newId(), lastUsed: now, usageCount: 1 };
    const before = this.byKey.get(added.keys[0]!);
    if (before && before.layers.at(-1)?.chainId === added.layers.at(-1)?.chainId) this.records = this.records.filter(other => other !== before); // made anew, with the same result
    this.records.push(added);
    for (const key of added.keys) this.byKey.set(key, added);
    this.dirty = true;
    if (this.records.length > MAX_RECORDS) this.remove([...this.records].sort((a, b) => (a.lastUsed < b.lastUsed ? -1 : 1)).slice(0, this.records.length - MAX_RECORDS));
    return added;
  }

  /** Another way to find it. */
  alias(record: CacheRecord, key: string): void {
    if (this.byKey.has(key)) return;
    record.keys.push(key);
    this.byKey.set(key, record);
    this.dirty = true;
  }

  /** Their files go too, unless others have them. */
  remove(gone: readonly CacheRecord[]): void {
    if (gone.length === 0) return;
    this.records = this.records.filter(record => !gone.includes(record));
    for (const record of gone) for (const key of record.keys) if (this.byKey.get(key) === record) this.byKey.delete(key);
    const kept = new Set(this.layerKeys());
    this.dirty = true;
    this.save();
    this.onGone({ layers: [...new Set(gone.flatMap(record => record.layers.map(layer => layer.key)))].filter(key => !kept.has(key)), directories: gone.flatMap(record => record.directory ?? []) });
  }

  save(): void {
    if (!this.dirty) return;
    this.dirty = false;
    writeJson(this.file, { version: 1, records: this.records });
  }
}

function load(file: string): CacheRecord[] {
  try {
    return z.object({ version: z.literal(1), records: z.array(recordSchema) }).parse(JSON.parse(readFileSync(file, 'utf8'))).records;
  } catch {
    return []; // there is none yet, or one that cannot be read: a cache may be lost
  }
}

/** In the form of BuildKit's: 25 letters and digits. */
const newId = () => BigInt(`0x${randomBytes(20).toString('hex')}`).toString(36).padStart(25, '0').slice(-25);

