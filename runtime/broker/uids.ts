// Uid ranges of labs: one directory each under <pool>/uids, made with mkdir, so that instances sharing a pool never share a range.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SlipwayError } from '../errors.ts';
import { LAB_UID_BASE, MAX_LABS, UIDS_PER_LAB } from '../ids.ts';
import { instance, uidRangesDir } from '../paths.ts';

export const uidBaseOf = (index: number) => LAB_UID_BASE + index * UIDS_PER_LAB;

let hint = 0;

/** Takes a free range for a lab; the range is written down before it is used. */
export function takeUids(lab: string): number {
  for (let tried = 0; tried < MAX_LABS; tried++) {
    const index = (hint + tried) % MAX_LABS;
    try {
      mkdirSync(join(uidRangesDir, String(index)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    writeFileSync(join(uidRangesDir, String(index), 'owner'), `${instance}/${lab}\n`);
    hint = index + 1; // a range just given back rests as long as possible
    return index;
  }
  throw new SlipwayError('Unavailable', `all ${MAX_LABS} uid ranges are in use: dispose of labs first`);
}

/** A range that a lab's record names is its own again, when a loss of power took what was written down about it. False when another has it by now. */
export function keepUids(index: number, lab: string): boolean {
  const owner = join(uidRangesDir, String(index), 'owner');
  try {
    mkdirSync(join(uidRangesDir, String(index)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const text = existsSync(owner) ? readFileSync(owner, 'utf8').trim() : '';
  if (text === '') writeFileSync(owner, `${instance}/${lab}\n`);
  return text === '' || text === `${instance}/${lab}`;
}

export function releaseUids(index: number) {
  rmSync(join(uidRangesDir, String(index)), { recursive: true, force: true });
}

/** Ranges this instance has taken, by index, with the lab they were taken for. */
export function takenUids(): { index: number; lab: string }[] {
  return readdirSync(uidRangesDir).flatMap(name => {
    try {
      const [owner, lab] = readFileSync(join(uidRangesDir, name, 'owner'), 'utf8').trim().split('/');
      return owner === instance ? [{ index: Number(name), lab: lab! }] : [];
    } catch {
      return []; // being made by another instance at this moment
    }
  });
}
