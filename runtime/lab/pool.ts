// Ready labs waiting for somebody, by profile. As many as the operator wants at least, more when many were asked for lately. They are made one after
// the other, with pauses, and never while somebody waits for a lab: those at work must not feel it. Knows nothing of what a lab is.
import type { Profile } from '../kernel/protocol.ts';

export interface PoolOptions {
  make(profile: Profile): Promise<string>;
  dispose(lab: string): Promise<void>;
  onError(error: unknown): void;
  now?: () => number;
}
export interface PoolSize { min: number; max: number }

/** Demand of this last while decides. */
const LATELY_MS = 10 * 60_000;
/** Making labs takes at most one part in this many of one processor. */
const SHARE = 4;
const AFTER_FAILURE_MS = 10_000;

export class Pool {
  private readonly options: PoolOptions;
  private size: PoolSize;
  private readonly ready: { lab: string; profile: Profile }[] = [];
  private asked: { at: number; profile: Profile }[] = [];
  private waiting = 0;
  private working: Promise<void> | undefined;
  private pause: { timer: NodeJS.Timeout; done: () => void } | undefined;
  private closed = false;

  constructor(size: PoolSize, options: PoolOptions) {
    this.size = size;
    this.options = options;
  }

  get state() { return { ...this.size, ready: this.ready.length }; }

  /** A lab that an earlier engine had made ready. */
  adopt(lab: string, profile: Profile) { this.ready.push({ lab, profile }); }

  /** The caller's from now on; undefined when none is ready. */
  take(profile: Profile): string | undefined {
    this.asked.push({ at: this.now(), profile });
    const at = this.ready.findIndex(one => one.profile === profile);
    const found = at < 0 ? undefined : this.ready.splice(at, 1)[0]!.lab;
    this.refill();
    return found;
  }

  /** While this runs, nothing is made ready: somebody waits for a lab of his own. */
  async first<T>(work: () => Promise<T>): Promise<T> {
    this.waiting++;
    try {
      return await work();
    } finally {
      this.waiting--;
      this.refill();
    }
  }

  resize(size: Partial<PoolSize>) {
    this.size = { ...this.size, ...size };
    this.refill();
  }

  /** Brings the pool to its size, some time. */
  refill() {
    if (this.closed || this.waiting) return;
    this.working ??= this.work().finally(() => { this.working = undefined; });
  }

  /** Makes no more; those that are ready stay. */
  async close() {
    this.closed = true;
    this.endPause();
    await this.working;
  }

  /** How many of a profile there should be: what is asked for in a burst is asked for within minutes. */
  wanted(profile: Profile): number {
    const since = this.now() - LATELY_MS;
    this.asked = this.asked.filter(({ at }) => at > since);
    const lately = this.asked.filter(one => one.profile === profile).length;
    return Math.min(this.size.max, (profile === 'strict' ? this.size.min : 0) + Math.ceil(lately / 2));
  }

  private async work() {
    while (!this.closed && !this.waiting) {
      const started = this.now();
      try {
        if (!(await this.step())) return;
      } catch (error) {
        this.options.onError(error);
        await this.rest(AFTER_FAILURE_MS);
        continue;
      }
      await this.rest((this.now() - started) * (SHARE - 1));
    }
  }

  /** One lab more or less; false when all is as it should be. */
  private async step(): Promise<boolean> {
    for (const profile of ['strict', 'full'] as const) {
      const mine = this.ready.filter(one => one.profile === profile);
      const wanted = this.wanted(profile);
      if (mine.length < wanted) {
        this.ready.push({ lab: await this.options.make(profile), profile });
        return true;
      }
      const spare = mine.length > wanted && this.size.max < mine.length ? mine.at(-1) : undefined;
      if (spare) {
        this.ready.splice(this.ready.indexOf(spare), 1);
        await this.options.dispose(spare.lab);
        return true;
      }
    }
    return false;
  }

  private rest(ms: number): Promise<void> {
    return new Promise(resolve => {
      if (this.closed) return resolve();
      const done = () => { this.pause = undefined; resolve(); };
      this.pause = { timer: setTimeout(done, ms), done };
    });
  }

  private endPause() {
    if (!this.pause) return;
    clearTimeout(this.pause.timer);
    this.pause.done();
  }

  private now() { return this.options.now?.() ?? Date.now(); }
}
