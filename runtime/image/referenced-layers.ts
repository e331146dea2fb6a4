// Which shared layers any record of this engine names: images, containers, build caches, snapshots, of labs that run and labs that sleep. Looked for in
// the text of its files, so that no kind of record can be forgotten. Called by shared-layers.ts when room is needed.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const REFERENCE = /up-([0-9a-f]{24})/g;

export async function referencedLayers(directory: string): Promise<Set<string>> {
  const found = new Set<string>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.json') || entry.name === 'shared-layers.json') continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8').catch(() => '');
    for (const [, layer] of text.matchAll(REFERENCE)) found.add(layer!);
  }
  return found;
}
