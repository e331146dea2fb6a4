// Snapshots of labs: what the engine knows of one at a moment; its disk is the broker's (broker/disk.ts). From one, any number of labs can be forked.
// A snapshot of a lab at work is as a disk whose power was cut: what ran then has ended in the fork. Called by labs.ts.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hostDir, writeJson } from '../container/records.ts';
import { SlipwayError } from '../errors.ts';
import { idSchema } from '../kernel/protocol.ts';
import { engineDir } from '../paths.ts';
import { labRecordSchema, type LabRecord } from './lab-records.ts';

export const snapshotSchema = z.object({ id: idSchema, name: z.string(), createdAt: z.string(), lab: labRecordSchema, copyOf: z.string().nullable().default(null), bytes: z.number().default(0) });
export type Snapshot = z.infer<typeof snapshotSchema>;

const snapshotsDir = join(engineDir, 'snapshots');
const directory = (id: string) => join(snapshotsDir, id);
/** The nouns of a host. Not its journal: what happens in a fork begins with the fork. */
const KEPT = ['containers', 'images.json', 'volumes.json', 'networks.json'];

/** Before the broker makes its disk: whatever dies meanwhile, it is known that there was one to remove. */
export function beginSnapshot(id: string) {
  mkdirSync(directory(id), { recursive: true, mode: 0o700 });
}

/** Complete once its last file is there. */
export function saveSnapshot(snapshot: Snapshot) {
  for (const { id } of snapshot.lab.hosts) copyRecords(hostDir({ lab: snapshot.lab.id, host: id }), join(directory(snapshot.id), id));
  writeJson(join(directory(snapshot.id), 'snapshot.json'), snapshot);
  known().set(snapshot.id, snapshot);
}

export function loadSnapshot(id: string): Snapshot {
  const snapshot = known().get(id);
  if (!snapshot) throw new SlipwayError('NotFound', `no such snapshot: ${id}`);
  return snapshot;
}

/** Read once: there may be a thousand, and they are asked for whenever a lab is made. */
let all: Map<string, Snapshot> | undefined;
const known = () => (all ??= new Map(ids().filter(isComplete).map(id => [id, snapshotSchema.parse(JSON.parse(readFileSync(join(directory(id), 'snapshot.json'), 'utf8')))])));

const isComplete = (id: string) => existsSync(join(directory(id), 'snapshot.json'));
const ids = (): string[] => (existsSync(snapshotsDir) ? readdirSync(snapshotsDir) : []);
export const listSnapshots = (): Snapshot[] => [...known().values()];
/** Of a lab, and of those that had its name before it. */
export const copiesOf = (lab: string): Snapshot[] => listSnapshots().filter(snapshot => snapshot.copyOf === lab);
export const bytesOf = (snapshots: readonly Snapshot[]): number => snapshots.reduce((sum, snapshot) => sum + snapshot.bytes, 0);
/** Those that were being made, or removed, when an engine died. */
export const brokenSnapshots = (): string[] => ids().filter(id => !isComplete(id));

export function forgetSnapshot(id: string) {
  known().delete(id);
  rmSync(join(directory(id), 'snapshot.json'), { force: true }); // from here on it is a broken one
  rmSync(directory(id), { recursive: true, force: true });
}

/** Before the new lab's hosts are opened. */
export function fillFrom(snapshot: Snapshot, lab: LabRecord) {
  for (const { id } of lab.hosts) copyRecords(join(directory(snapshot.id), id), hostDir({ lab: lab.id, host: id }));
}

function copyRecords(from: string, to: string) {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of KEPT) if (existsSync(join(from, name))) cpSync(join(from, name), join(to, name), { recursive: true });
}
