// How awake an open workspace's lab is, as far as the web process knows: whether somebody is there, whether it stands still, and since when its tabs have been warned.
// Owned by workspace.ts; idle.ts judges by it, the gateway tells it of every key.
import type { Engine } from './engine.ts';
import { Presence } from './presence.ts';
import type { Announce } from './announce.ts';

/** A warning is told again when the time left is another one, not when a clock is. */
const CLOCKS_APART_MS = 3000;

export interface WakefulnessOptions {
  engine: Pick<Engine, 'thawLab'>;
  /** The lab, once it is ready. */
  lab: () => string | undefined;
  announce: Announce;
  onError: (error: unknown) => void;
  now?: (() => number) | undefined;
}

export class Wakefulness {
  readonly presence: Presence;
  private readonly options: WakefulnessOptions;
  private frozen: string | undefined;
  private sleepsAt: number | null = null;

  constructor(options: WakefulnessOptions) {
    this.options = options;
    this.presence = new Presence(options.now);
  }

  /** Until it is suspended; null as long as that is not near. */
  get sleepsInMs(): number | null { return this.sleepsAt === null ? null : Math.max(0, this.sleepsAt - this.now()); }

  /** Somebody is there and the lab is to move: at every key, so this must cost nothing when there is nothing to do. */
  async stir() {
    this.presence.use();
    this.warn(null);
    const { frozen } = this;
    if (frozen === undefined) return;
    this.frozen = undefined;
    try {
      await this.options.engine.thawLab(frozen);
    } catch (error) {
      if (this.options.lab() === frozen) this.frozen = frozen; // the next key tries again
      this.options.onError(error);
    }
  }

  /** Its processes stand still from now on. */
  standsStill() { this.frozen = this.options.lab(); }

  /** It moves, or is gone, whoever saw to that. */
  forget() {
    this.frozen = undefined;
    this.sleepsAt = null;
  }

  /** Tells the tabs how long it is until the lab is suspended, or (null) that it is not going to be. */
  warn(leftMs: number | null) {
    const before = this.sleepsAt;
    if (leftMs === null ? before === null : this.options.lab() === undefined) return;
    this.sleepsAt = leftMs === null ? null : this.now() + leftMs;
    if (before === null || leftMs === null || Math.abs(before - this.sleepsAt!) > CLOCKS_APART_MS) this.options.announce('lab:idle', { sleepsInMs: leftMs });
  }

  private now() { return (this.options.now ?? Date.now)(); }
}
