// One browser tab looking at one terminal: what it was sent, what it has acknowledged, and whether it keeps up.
// Owned by its HubTerminal (terminal.ts); the gateway gives it the way out.
import type { TaskEnd } from '../../runtime/kernel/shim.ts';
import { BEHIND_ABOVE } from './flow.ts';

/** The way to the browser. */
export interface Outlet {
  output(data: Buffer): void;
  screen(text: string): void;
  closed(end: TaskEnd): void;
  /** Bytes given to the connection that the network has not taken yet. A browser cannot acknowledge these away. */
  queuedBytes(): number;
}

export class Viewer {
  /** joining: its screen is being made, output waits. live: gets all output. behind: gets none until it has caught up. */
  state: 'joining' | 'live' | 'behind' = 'joining';
  refreshedAt = -Infinity;
  cols: number;
  rows: number;
  readonly outlet: Outlet;
  private unacknowledged = 0;
  private held: Buffer[] = [];
  private heldBytes = 0;

  constructor(outlet: Outlet, size: { cols: number; rows: number }) {
    this.outlet = outlet;
    this.cols = size.cols;
    this.rows = size.rows;
  }

  /** How far this viewer is from having everything. */
  get load() { return Math.max(this.unacknowledged, this.outlet.queuedBytes()) + this.heldBytes; }

  push(batch: Buffer) {
    if (this.state === 'behind') return;
    if (this.state === 'joining') {
      this.held.push(batch);
      this.heldBytes += batch.length;
    } else {
      this.unacknowledged += batch.length;
      this.outlet.output(batch);
    }
    if (this.load > BEHIND_ABOVE) this.fallBehind();
  }

  acknowledge(bytes: number) {
    if (Number.isFinite(bytes) && bytes > 0) this.unacknowledged = Math.max(0, this.unacknowledged - bytes);
  }

  /** Its screen was sent: what came meanwhile follows, `rest` first. */
  goLive(rest: Buffer) {
    if (this.state !== 'joining') return;
    const held = rest.length ? [rest, ...this.held] : this.held;
    this.dropHeld();
    this.state = 'live';
    for (const batch of held) this.push(batch);
  }

  /** A fresh screen is on its way: output from here on belongs after it. */
  rejoin() {
    this.dropHeld();
    this.state = 'joining';
  }

  fallBehind() {
    this.dropHeld();
    this.state = 'behind';
  }

  private dropHeld() {
    this.held = [];
    this.heldBytes = 0;
  }
}
