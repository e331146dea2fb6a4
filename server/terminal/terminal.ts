// A terminal as the web process holds it: one connection to its shim, one kept screen, any number of viewers. Bytes go
// shim → coalescer → screen and viewers, and viewer → shim; no database, no engine and no log line on either way.
// Memory stays bounded whatever the program prints and whatever the browsers do: see flow.ts.
import { ShimConnection, type TaskEnd } from '../../runtime/kernel/shim.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { isTerminalAnswer } from './answer.ts';
import { createCoalescer, type Coalescer } from './coalesce.ts';
import { INPUT_MAX, PAUSE_ABOVE, RESUME_BELOW, RESIZE_EVERY_MS, SCREEN_EVERY_MS, SCREEN_PAUSE_ABOVE, SCREEN_RESUME_BELOW } from './flow.ts';
import type { Screen, Screens } from './screens.ts';
import { wholeLetters } from './unfinished.ts';
import { type Outlet, Viewer } from './viewer.ts';

export interface Size { cols: number; rows: number; }

export class HubTerminal {
  private readonly viewers = new Set<Viewer>();
  private readonly shim: ShimConnection;
  private readonly screen: Screen;
  private readonly coalescer: Coalescer;
  private readonly onEnd: (end: TaskEnd) => void;
  private size: Size;
  private wanted: Size;
  private resizeTimer: NodeJS.Timeout | undefined;
  /** Whose tab is being used: its size and its answers count. */
  private lead: Viewer | undefined;
  private cutLetter: Buffer = Buffer.alloc(0);
  private paused = false;
  private over = false;
  private refreshTimer: NodeJS.Timeout | undefined;

  /** Connects and takes what the shim kept of earlier output: who attaches then sees the screen as it was. Rejects when it has ended meanwhile. `onEnd` is called once, unless released before. */
  static async open(socketPath: string, screens: Screens, size: Size, onEnd: (end: TaskEnd) => void): Promise<HubTerminal> {
    const shim = await ShimConnection.open(socketPath);
    const terminal = new HubTerminal(shim, screens, size, onEnd);
    await replayed(shim);
    if (terminal.over) throw new Error('the terminal has ended');
    return terminal;
  }

  private constructor(shim: ShimConnection, screens: Screens, size: Size, onEnd: (end: TaskEnd) => void) {
    this.shim = shim;
    this.size = size;
    this.wanted = size;
    this.onEnd = onEnd;
    this.screen = screens.open(size, () => this.balance());
    this.coalescer = createCoalescer(batch => {
      this.screen.write(batch);
      for (const viewer of this.viewers) viewer.push(batch);
      this.balance();
    });
    // What the shim has kept was written for this size; a full-screen program does not draw it again when nothing changes.
    shim.on('hello', (_, kept) => {
      if (!kept) return;
      this.size = this.wanted = kept;
      this.screen.resize(kept.cols, kept.rows);
    });
    shim.on('output', (_, data) => this.output(data));
    shim.on('end', end => this.end(end));
    shim.subscribe({ ring: true });
  }

  /** Joins a viewer: answers the screen at this point of the stream; call `go` once it is on its way, then the output follows. */
  async attach(outlet: Outlet, size: Size): Promise<{ viewer: Viewer; screen: string; go: () => void }> {
    if (this.over) throw new Error('the terminal has ended');
    const viewer = new Viewer(outlet, size);
    this.resizeTo(viewer, size);
    this.takeSize(); // the screen below must have this tab's size
    this.coalescer.flush(); // what was printed before belongs to the screen, not to this viewer's stream
    this.viewers.add(viewer);
    try {
      const { text, rest } = await this.screen.serialize();
      return { viewer, screen: text, go: () => { viewer.goLive(rest); this.balance(); } };
    } catch (error) {
      this.detach(viewer);
      throw error;
    }
  }

  detach(viewer: Viewer) {
    this.viewers.delete(viewer);
    viewer.fallBehind(); // nothing more is sent to it
    if (this.lead === viewer) this.lead = undefined;
    this.balance();
  }

  input(viewer: Viewer, data: Buffer) {
    if (this.lead !== viewer) {
      if (this.lead && isTerminalAnswer(data.toString('latin1'))) return;
      this.resizeTo(viewer, viewer);
    }
    if (this.shim.socket.writableLength + data.length > INPUT_MAX) return;
    this.shim.stdin(data);
  }

  /** The last one who resized or typed decides. While a window is being dragged its size is taken now and then, and at the end. */
  resizeTo(viewer: Viewer, { cols, rows }: Size) {
    this.lead = viewer;
    viewer.cols = cols;
    viewer.rows = rows;
    this.wanted = { cols, rows };
    if (this.resizeTimer) return;
    this.takeSize();
    this.resizeTimer = setTimeout(() => {
      this.resizeTimer = undefined;
      this.takeSize();
    }, RESIZE_EVERY_MS);
  }

  private takeSize() {
    const { cols, rows } = this.wanted;
    if (this.over || (cols === this.size.cols && rows === this.size.rows)) return;
    this.size = { cols, rows };
    this.coalescer.flush(); // printed at the old size
    this.screen.resize(cols, rows);
    this.shim.resize(cols, rows);
  }

  acknowledge(viewer: Viewer, bytes: number) {
    viewer.acknowledge(bytes);
    this.balance();
  }

  /** Holds the program back or lets it go on, and brings viewers that fell behind up to date. Cheap: called for every chunk. */
  balance() {
    if (this.over) return;
    let live = Infinity;
    let behind = Infinity;
    for (const viewer of this.viewers) {
      const { load } = viewer;
      if (viewer.state === 'behind') {
        behind = Math.min(behind, load);
        if (load < RESUME_BELOW) this.refresh(viewer);
      } else if (viewer.state === 'live') {
        live = Math.min(live, load);
      }
    }
    const fastest = live !== Infinity ? live : behind !== Infinity ? behind : 0;
    const { unparsed } = this.screen;
    if (!this.paused && (fastest > PAUSE_ABOVE || unparsed > SCREEN_PAUSE_ABOVE)) {
      this.paused = true;
      this.shim.pause();
    } else if (this.paused && fastest < RESUME_BELOW && unparsed < SCREEN_RESUME_BELOW) {
      this.paused = false;
      this.shim.resume();
    }
  }

  /** Lets go of the shim and the screen; the program runs on. Viewers hear nothing: tell them first. */
  release() {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.refreshTimer);
    clearTimeout(this.resizeTimer);
    this.coalescer.release();
    this.screen.release();
    this.viewers.clear();
    this.shim.close();
  }

  get watched() { return this.viewers.size > 0; }

  private output(chunk: Buffer) {
    // xterm.js 6.0 loses a letter of three bytes that comes as two and one, so letters are kept whole.
    const data = this.cutLetter.length ? Buffer.concat([this.cutLetter, chunk]) : chunk;
    const whole = data.subarray(0, wholeLetters(data));
    this.cutLetter = Buffer.from(data.subarray(whole.length));
    if (!whole.length) return;
    this.coalescer.push(whole);
  }

  private refresh(viewer: Viewer) {
    const wait = viewer.refreshedAt + SCREEN_EVERY_MS - performance.now();
    if (wait > 0) {
      this.refreshTimer ??= setTimeout(() => {
        this.refreshTimer = undefined;
        this.balance();
      }, wait);
      return;
    }
    viewer.refreshedAt = performance.now();
    this.coalescer.flush();
    viewer.rejoin();
    this.screen.serialize().then(({ text, rest }) => {
      viewer.outlet.screen(text);
      viewer.goLive(rest);
      this.balance();
    }, () => viewer.fallBehind()); // it has ended: end() tells the viewers
  }

  private end(end: TaskEnd) {
    if (this.over) return;
    this.coalescer.flush();
    const viewers = [...this.viewers];
    this.release();
    for (const viewer of viewers) viewer.outlet.closed(end);
    this.onEnd(end);
  }
}

/** Or it has ended; or it was started by an earlier version, which does not say so. */
function replayed(shim: ShimConnection): Promise<void> {
  return new Promise(resolve => {
    const patience = setTimeout(resolve, REPLAY_MS);
    const done = () => { clearTimeout(patience); resolve(); };
    shim.once('replayed', done).once('end', done);
  });
}

/** Much longer than a ring takes. */
const REPLAY_MS = 2_000;

export function reasonOf(end: TaskEnd): Text {
  switch (end.kind) {
    case 'exited': return end.code === 0 ? say('lab.shellEnded') : say('lab.shellFailed', { code: end.code });
    case 'failed': return say('lab.shellNotStarted', { message: end.message });
    case 'lost': return say('lab.terminalLost');
  }
}
