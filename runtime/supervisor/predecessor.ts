// A supervisor that was killed leaves its services, which were told to end at that moment (cell.ts) and may not have ended yet. Two of a kind must never
// run: the old engine's socket would answer for the new one, and both would write the same records. Called by supervisor.ts before it starts its own.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { statusFile } from '../paths.ts';
import type { Status } from './status.ts';

/** An engine that is making a lab finishes that first. */
const PATIENCE_MS = 3_000;
const LOOK_MS = 20;

/** Resolves when none of them is left; those that take too long are killed. */
export async function predecessorsGone(): Promise<void> {
  let services: Status['services'];
  try {
    ({ services } = JSON.parse(readFileSync(statusFile, 'utf8')) as Status);
  } catch {
    return; // it ended in order, or there was none
  }
  const left = () => services.flatMap(({ name, pid }) => (pid !== null && isService(pid, name) ? [pid] : []));
  for (const deadline = Date.now() + PATIENCE_MS; left().length > 0; await delay(LOOK_MS)) {
    if (Date.now() > deadline) for (const pid of left()) process.kill(pid, 'SIGKILL');
  }
}

/** Pids are used again: it must be that program, of this instance's. */
function isService(pid: number, name: string): boolean {
  try {
    const runs = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').some(word => word.endsWith(`dist/${name}.js`));
    const instance = `SLIPWAY_INSTANCE=${process.env.SLIPWAY_INSTANCE ?? ''}`;
    return runs && (process.env.SLIPWAY_INSTANCE === undefined || readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(instance));
  } catch {
    return false; // it has ended
  }
}
