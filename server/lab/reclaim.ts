// Takes back the disk of labs that nobody has opened for long: when their time is over, and, when disk runs short, those first that have slept longest among the
// ones whose page has been saying so. Called hourly through workspaces.ts. Done tasks stay done.
import type { LabEntry, Store } from '../data/store.ts';
import type { Engine } from './engine.ts';
import type { Policies, Policy } from './policy.ts';

/** Begins before new labs have to wait. */
const SHORT = 1.2;

export interface ReclaimOptions {
  engine: Pick<Engine, 'room' | 'figures'>;
  store: Pick<Store, 'labs'>;
  policies: Policies;
  isOpen(workspace: string): boolean;
  giveUp(lab: LabEntry): Promise<void>;
  onError(error: unknown): void;
  now?: () => number;
}

/** When a lab goes for want of use, and since when it may go earlier. Pure. */
export function removalOf(lastSeenAt: Date, policy: Policy): { removesAt: number; lastChanceAt: number } {
  const removesAt = lastSeenAt.getTime() + policy.keepMs;
  return { removesAt, lastChanceAt: removesAt - policy.lastChanceMs };
}

export function createReclaim(options: ReclaimOptions): () => Promise<void> {
  const { engine, store, policies, onError } = options;
  return async () => {
    const now = (options.now ?? Date.now)();
    const unused = (await store.labs()).filter(({ workspace }) => !options.isOpen(workspace)).map(lab => ({ ...lab, ...removalOf(lab.lastSeenAt, policies[lab.role]) }));
    for (const lab of unused.filter(({ removesAt }) => removesAt <= now)) await giveUp(lab);
    const warned = unused.filter(({ removesAt, lastChanceAt }) => lastChanceAt <= now && removesAt > now);
    if (!warned.length) return;
    const { disk, reserve } = await engine.room();
    let missing = disk.total * reserve.disk * SHORT - disk.free;
    if (missing <= 0) return;
    const sizes = new Map((await engine.figures(warned.map(({ lab }) => lab))).map(({ lab, diskBytes }) => [lab, diskBytes ?? 0]));
    for (const lab of warned) { // least recently seen first; the disk says so only minutes later, so what they had is counted
      if (missing <= 0) return;
      await giveUp(lab);
      missing -= sizes.get(lab.lab) ?? 0;
    }
  };

  async function giveUp(lab: LabEntry) {
    if (options.isOpen(lab.workspace)) return; // opened meanwhile
    await options.giveUp(lab).catch(onError);
  }
}
