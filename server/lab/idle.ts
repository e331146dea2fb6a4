// Puts labs to sleep that nobody uses: frozen for a short absence, suspended for a longer one, after a warning to whoever has the page open. Nobody uses a lab
// when nobody types or clicks, no tab is seen, and nothing works in it. Asked by main.ts every few seconds; made by workspaces.ts.
import type { Store } from '../data/store.ts';
import type { Engine } from './engine.ts';
import type { Policies, Policy } from './policy.ts';
import type { Workspace } from './workspace.ts';

/** Less than this share of a processor since it was last looked at is no work: a server that waits, a shell, `top`. */
const AT_WORK = 0.01;
/** A lab that stays open is written down as seen so often. */
const SEEN_MS = 60 * 60_000;

export interface IdleOptions {
  engine: Engine;
  store: Pick<Store, 'labs' | 'seen'>;
  policies: Policies;
  /** While it is open, with or without tabs. */
  workspaceOf(id: string): Workspace | undefined;
  /** Lets go of a workspace that no tab has open. */
  letGo(workspace: string): Promise<void>;
  /** Somebody waits for a lab: one that stands still is suspended at once when no tab has it open. */
  isScarce(): boolean;
  onError(error: unknown): void;
  now?: () => number;
}

export interface Signs {
  now: number;
  /** When a person was last there, and when the lab last worked. */
  personAt: number;
  workedAt: number;
  /** A tab is in front of somebody's eyes. */
  isSeen: boolean;
}

/** What is to become of a lab, and how long it has until it is suspended as things are. Pure. */
export function judge({ now, personAt, workedAt, isSeen }: Signs, policy: Policy): { verdict: 'stays' | 'freeze' | 'suspend'; leftMs: number } {
  const idleMs = now - Math.max(personAt, Math.min(workedAt, personAt + policy.workMs));
  const leftMs = policy.suspendMs - idleMs;
  return { leftMs, verdict: leftMs <= 0 ? 'suspend' : idleMs >= policy.freezeMs && !isSeen ? 'freeze' : 'stays' };
}

export function createIdleWatch(options: IdleOptions): { tick(): Promise<void> } {
  const { engine, store, policies, onError } = options;
  const now = options.now ?? Date.now;
  const work = new Map<string, { cpuNs: number; readAt: number; workedAt: number }>();
  let ticking: Promise<void> | undefined;
  return { tick: () => (ticking ??= tick().finally(() => { ticking = undefined; })) };

  async function tick() {
    const awake = new Map((await engine.listLabs()).filter(lab => lab.state !== 'suspended').map(lab => [lab.id, lab]));
    const mine = (await store.labs()).filter(({ lab }) => awake.has(lab));
    for (const lab of work.keys()) if (!awake.has(lab)) work.delete(lab);
    if (!mine.length) return;
    const figures = new Map((await engine.figures(mine.map(({ lab }) => lab))).map(figure => [figure.lab, figure]));
    for (const { workspace: id, lab, role, lastSeenAt } of mine) {
      const figure = figures.get(lab);
      if (!figure) continue; // gone meanwhile
      const workspace = options.workspaceOf(id);
      const policy = policies[role];
      if (workspace?.members && now() - lastSeenAt.getTime() > SEEN_MS) store.seen(id).catch(onError); // should this process end before its tabs do
      const workedAt = seenAtWork(lab, figure.cpuNs, figure.containerAt);
      const personAt = workspace?.wakefulness.presence.at(policy.suspendMs) ?? lastSeenAt.getTime();
      const { verdict, leftMs } = judge({ now: now(), personAt, workedAt, isSeen: workspace?.wakefulness.presence.isSeen ?? false }, policy);
      const isFrozen = awake.get(lab)!.state === 'frozen';
      try {
        workspace?.wakefulness.warn(leftMs <= policy.warnMs ? Math.max(0, leftMs) : null);
        if (verdict === 'suspend' || (isFrozen && !workspace?.members && options.isScarce())) await suspend(id, lab, workspace);
        else if (verdict === 'freeze' && !isFrozen) await freeze(lab, workspace);
      } catch (error) {
        onError(error);
      }
    }
  }

  /** When it last worked. One that was never looked at works: nobody knows better. */
  function seenAtWork(lab: string, cpuNs: number, containerAt: number | null): number {
    const at = now();
    const before = work.get(lab);
    const worked = !before || cpuNs - before.cpuNs > AT_WORK * (at - before.readAt) * 1e6;
    const workedAt = Math.max(worked ? at : before.workedAt, Math.min(at, containerAt ?? 0));
    work.set(lab, { cpuNs, readAt: at, workedAt });
    return workedAt;
  }

  async function freeze(lab: string, workspace: Workspace | undefined) {
    const before = workspace?.wakefulness.presence.at(Infinity);
    if (!(await engine.freezeLab(lab))) return;
    workspace?.wakefulness.standsStill();
    if (workspace && workspace.wakefulness.presence.at(Infinity) !== before) await workspace.wakefulness.stir(); // somebody has come meanwhile
  }

  async function suspend(id: string, lab: string, workspace: Workspace | undefined) {
    if (workspace?.members) return workspace.fallAsleep();
    await options.letGo(id);
    await engine.suspendLab(lab);
  }
}
