// Layers of upstreams that the operator allows, shared by all labs as the library's are. Each was unpacked in a lab of its own that nobody was ever in:
// what became of its bytes is that lab's disk, which is kept here as a read-only snapshot, below the directory that every lab has mounted read-only,
// idmapped and locked. So nothing here reads an archive or follows a path in it, and a layer comes and goes as one subvolume. Called by main.ts.
import { chownSync, existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '../errors.ts';
import { STORE_UID_BASE } from '../ids.ts';
import { unpackingLab } from '../kernel/protocol.ts';
import { labDisksDir, layersDir, upstreamLayersDir } from '../paths.ts';
import { clearStaleQuotasSoon } from './disk.ts';
import type { Hosts } from './hosts.ts';
import { run } from './run.ts';

/** Under way: their directory is needed. */
let sharing = 0;
const directoryOf = (layer: string) => join(upstreamLayersDir, layer);

/**
 * Ends the lab's processes first: what is shared does not change any more. After a loss of power the snapshot is there with all that is in it, or not at all
 * (it becomes one transaction of btrfs): then the layer is fetched again when somebody pulls it. Waiting for the disk would be waiting for everybody's writes. Idempotent.
 */
export async function shareLayer(hosts: Hosts, layer: string): Promise<void> {
  const lab = unpackingLab(layer);
  if (existsSync(directoryOf(layer))) return;
  if (!hosts.has(lab)) throw new SlipwayError('NotFound', `no such lab: ${lab}`);
  await hosts.suspend(lab);
  const disk = join(labDisksDir, lab);
  chownSync(disk, STORE_UID_BASE, STORE_UID_BASE); // its files are that range's, for a lab's eyes its own root's
  sharing++;
  try {
    for (const dir of [join(layersDir, 'up'), upstreamLayersDir]) {
      mkdirSync(dir, { recursive: true, mode: 0o755 });
      chownSync(dir, STORE_UID_BASE, STORE_UID_BASE);
    }
    await run('btrfs', ['-q', 'subvolume', 'snapshot', '-r', disk, directoryOf(layer)]);
  } finally {
    sharing--;
  }
}

/** Idempotent. A lab that still has it mounted keeps its files until it does not. */
export async function unshareLayer(layer: string): Promise<void> {
  if (!existsSync(directoryOf(layer))) return;
  await run('btrfs', ['-q', 'subvolume', 'delete', directoryOf(layer)]);
  if (sharing === 0 && existsSync(upstreamLayersDir) && sharedLayers().length === 0) rmdirSync(upstreamLayersDir);
  clearStaleQuotasSoon();
}

export const sharedLayers = (): string[] => (existsSync(upstreamLayersDir) ? readdirSync(upstreamLayersDir) : []);
