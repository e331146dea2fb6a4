// Records on disk: one JSON file per container, written beside and renamed, so that a crash leaves the old or the new one.
// Synchronous, because each is small and order matters; on the disk a moment later (durable.ts).
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { HostRef } from '../kernel/protocol.ts';
import { writeWhole } from '../durable.ts';
import { engineDir } from '../paths.ts';
import type { ContainerRecord, Host } from './model.ts';

export const hostDir = (ref: HostRef) => join(engineDir, 'labs', ref.lab, ref.host);
const containersDir = (ref: HostRef) => join(hostDir(ref), 'containers');

export function writeJson(path: string, value: unknown, options: { atOnce?: boolean } = {}) {
  writeWhole(path, JSON.stringify(value), options);
}

export function saveContainer(host: Host, record: ContainerRecord) {
  if (host.closing.signal.aborted) return;
  writeJson(join(containersDir(host.ref), `${record.id}.json`), record);
}

export function forgetContainer(host: Host, record: ContainerRecord) {
  rmSync(join(containersDir(host.ref), `${record.id}.json`), { force: true });
}

/** Enough to know that it is ours and whole; the rest was written by this program. */
const recordSchema = z.looseObject({ id: z.string().regex(/^[0-9a-f]{64}$/), name: z.string(), created: z.string(), state: z.looseObject({ status: z.string() }), config: z.looseObject({}), hostConfig: z.looseObject({}) });

/** In order of creation. What cannot be read is reported and left where it is. */
export function loadContainers(ref: HostRef, onError: (error: unknown, path: string) => void): ContainerRecord[] {
  mkdirSync(containersDir(ref), { recursive: true, mode: 0o700 });
  const records = readdirSync(containersDir(ref)).filter(name => name.endsWith('.json')).flatMap(name => {
    const path = join(containersDir(ref), name);
    try {
      return [recordSchema.parse(JSON.parse(readFileSync(path, 'utf8'))) as unknown as ContainerRecord];
    } catch (error) {
      onError(error, path);
      return [];
    }
  });
  return records.sort((a, b) => (a.created < b.created ? -1 : 1));
}
