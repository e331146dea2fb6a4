// Whether somebody is there: keys in terminals, clicks and scrolling in the page, and tabs that are seen (https://www.w3.org/TR/page-visibility-2/).
// One for each workspace that is open; the gateway tells it, idle.ts asks.

export class Presence {
  private usedAt: number;
  private hiddenAt: number;
  private readonly seen = new Set<object>();
  private readonly now: () => number;

  constructor(now: () => number = Date.now) {
    this.now = now;
    this.usedAt = this.hiddenAt = now();
  }

  /** Somebody did something. */
  use() { this.usedAt = this.now(); }

  show(tab: object, visible: boolean) {
    if (visible) {
      this.seen.add(tab);
      this.use(); // who turns to a tab is there
    } else if (this.seen.delete(tab)) {
      this.hiddenAt = this.now();
    }
  }

  leave(tab: object) { this.show(tab, false); }

  get isSeen() { return this.seen.size > 0; }

  /** When somebody was last there. A tab that is merely left open says so for `patienceMs` after it was last touched. */
  at(patienceMs: number): number {
    return Math.min(this.isSeen ? this.now() : Math.max(this.hiddenAt, this.usedAt), this.usedAt + patienceMs);
  }
}
