// When graders look again at what no event tells of: twice a second the engine is asked, for all labs that somebody watches and whose open tasks need it, whether
// anything ran in them; only those in which something did are read, each at most once a second on the whole. A hundred labs at rest cost one
// question. Used by engine.ts, and by authoring.
import type { HostRef } from '../../runtime/kernel/protocol.ts';

export interface Watcher {
  /** Whether it would read anything now; `again`: even if nothing has run since. */
  wantsLook(): boolean | 'again';
  look(): void;
}
/** The engine's `activity` verb. */
type Ask = (hosts: HostRef[]) => Promise<(number | null)[]>;

const EVERY_MS = 500;
/** One look at a lab a second; after a rest two may follow each other, since the first often comes while a command is still at it. */
const LOOK_MS = 1000;
const LOOKS_SAVED = 2;
/** In case a lab's clock and our reading of it crossed. */
const ANYWAY_MS = 15_000;

export class Activity {
  private readonly ask: Ask;
  private readonly onError: (error: unknown) => void;
  private readonly watched = new Map<Watcher, { host: HostRef; last: number | null | undefined; lookedMs: number; saved: number; savedMs: number }>();
  private timer: NodeJS.Timeout | undefined;

  constructor(ask: Ask, onError: (error: unknown) => void) {
    this.ask = ask;
    this.onError = onError;
  }

  /** The returned function ends it. */
  watch(host: HostRef, watcher: Watcher): () => void {
    this.watched.set(watcher, { host, last: undefined, lookedMs: 0, saved: LOOKS_SAVED, savedMs: Date.now() });
    this.timer ??= setTimeout(() => void this.round(), EVERY_MS);
    return () => {
      this.watched.delete(watcher);
      if (this.watched.size === 0) this.stop();
    };
  }

  private stop() {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async round() {
    const wanting = [...this.watched].flatMap(([watcher, state]) => { const wants = watcher.wantsLook(); return wants ? [{ watcher, state, wants }] : []; });
    try {
      const now = wanting.length ? await this.ask(wanting.map(({ state }) => state.host)) : [];
      wanting.forEach(({ watcher, state, wants }, index) => {
        const ran = now[index] ?? null;
        const nowMs = Date.now();
        state.saved = Math.min(LOOKS_SAVED, state.saved + (nowMs - state.savedMs) / LOOK_MS);
        state.savedMs = nowMs;
        if (ran === null || !this.watched.has(watcher) || state.saved < 1 || (ran === state.last && wants !== 'again' && nowMs - state.lookedMs < ANYWAY_MS)) return;
        Object.assign(state, { last: ran, lookedMs: nowMs, saved: state.saved - 1 });
        watcher.look();
      });
    } catch (error) {
      this.onError(error);
    }
    if (this.timer) this.timer = setTimeout(() => void this.round(), EVERY_MS);
  }
}
