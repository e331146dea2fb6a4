// `slipway lab snapshot | snapshots | fork | rm-snapshot`: a lab as it is now, kept as a difference, and new labs that begin there.
import { SlipwayError } from '../errors.ts';
import { findLab, withEngine } from './engine.ts';
import { announceLab } from './labs.ts';
import { printTable } from './table.ts';

export const snapshotLab = (lab: string, options: { name?: string | undefined; json?: boolean | undefined }) => withEngine(async engine => {
  const { id, name } = await findLab(engine, lab);
  const snapshot = await engine.call('snapshotLab', { lab: id, name: options.name ?? name });
  console.log(options.json ? JSON.stringify(snapshot) : `${snapshot.id}\n\nA new lab from it:    npx slipway lab fork ${snapshot.id}`);
  return 0;
});

export const listSnapshots = (options: { json?: boolean | undefined }) => withEngine(async engine => {
  const snapshots = (await engine.call('listSnapshots', {})).sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
  if (options.json) console.log(JSON.stringify(snapshots));
  else printTable(['ID', 'NAME', 'OF LAB', 'CREATED'], snapshots.map(({ id, name, lab, createdAt }) => [id, name, lab, createdAt]));
  return 0;
});

export const forkSnapshot = (snapshot: string, options: { name?: string | undefined; json?: boolean | undefined }) => withEngine(async engine => {
  const known = (await engine.call('listSnapshots', {})).find(({ id }) => id === snapshot);
  if (!known) throw new SlipwayError('NotFound', `no such snapshot: ${snapshot} (npx slipway lab snapshots shows all)`);
  announceLab(await engine.call('forkSnapshot', { snapshot, name: options.name ?? known.name }), options);
  return 0;
});

/** Labs forked from them stay. */
export const removeSnapshots = (ids: string[]) => withEngine(async engine => {
  const known = new Set((await engine.call('listSnapshots', {})).map(({ id }) => id));
  let exitCode = 0;
  for (const snapshot of ids) {
    if (known.has(snapshot)) await engine.call('removeSnapshot', { snapshot });
    if (known.has(snapshot)) console.log(snapshot);
    else console.error(`slipway: no such snapshot: ${snapshot}`);
    if (!known.has(snapshot)) exitCode = 1;
  }
  return exitCode;
});
