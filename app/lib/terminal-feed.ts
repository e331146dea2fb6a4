// One terminal's bytes between the socket and an xterm: attach, output with acknowledgement, input, size. Made by WorkspaceClient.openFeed.
// Live only between an answered attach and the next disconnect; input outside that time is dropped, never kept for later.
import type { Socket } from 'socket.io-client';
import type { ClientEvents, Problem, ServerEvents } from '../../server/protocol.ts';
import type { T } from '../../texts/site.ts';
import type { RunAnswer } from './workspace-client.ts';

/** What the feed needs of a terminal emulator. */
export interface Screen {
  size(): { cols: number; rows: number };
  write(data: Uint8Array, done: () => void): void;
  /** Clears everything, then shows a serialised screen. */
  replace(screen: string): void;
  /** True while a full-screen program (vim, less) is shown. */
  fullScreen(): boolean;
  bracketedPaste(): boolean;
  /** Shown dimmed while not live. */
  setLive(live: boolean): void;
  focus(): void;
}

interface Hooks { texts(): T; onLive(): void; onProblem(problem: string): void; onRelease(): void; }
type ClientSocket = Socket<ServerEvents, ClientEvents>;

/** A server that does not answer by then has not typed it, or the learner sees that it has. */
const RUN_TIMEOUT_MS = 8000;
const ATTACH_TIMEOUT_MS = 15_000;
/** Acknowledgements per message would cost a quarter of the throughput. */
const ACK_BYTES = 64 * 1024;
const ACK_DELAY_MS = 50;
/** A paste travels in pieces well under the server's limit for one message. */
const INPUT_PIECE = 16 * 1024;
const RESIZE_DELAY_MS = 80;

export class TerminalFeed {
  live = false;
  private readonly id: string;
  private readonly screen: Screen;
  private readonly socket: () => ClientSocket | null;
  private readonly hooks: Hooks;
  private released = false;
  /** Counts attaches, so that bytes and acknowledgements of an earlier attach are recognised as stale. */
  private generation = 0;
  private pendingInput = '';
  private unacknowledged = 0;
  private ackTimer: ReturnType<typeof setTimeout> | undefined;
  private resizeTimer: ReturnType<typeof setTimeout> | undefined;
  private sentSize = '';

  constructor(id: string, screen: Screen, socket: () => ClientSocket | null, hooks: Hooks) {
    this.id = id;
    this.screen = screen;
    this.socket = socket;
    this.hooks = hooks;
  }

  attach(): void {
    const socket = this.socket();
    if (this.released || !socket?.connected) return;
    const generation = ++this.generation;
    const size = this.screen.size();
    this.sentSize = `${size.cols}x${size.rows}`;
    // A callback, not a promise: by polling, the answer and the first output come in one turn, and their order matters.
    socket.timeout(ATTACH_TIMEOUT_MS).emit('terminal:attach', { id: this.id, ...size }, (error, answer) => {
      if (this.released || generation !== this.generation) return;
      if (error || isProblem(answer)) { this.hooks.onProblem(error ? this.hooks.texts()('problem.terminalSilent') : (answer as Problem).problem); return; }
      this.replace(answer.screen);
      this.live = true;
      this.screen.setLive(true);
      this.resize();
      this.hooks.onLive();
    });
  }

  output(data: ArrayBuffer): void {
    if (!this.live) return;
    const generation = this.generation;
    const bytes = new Uint8Array(data);
    this.screen.write(bytes, () => { if (generation === this.generation) this.acknowledge(bytes.byteLength); });
  }

  replace(screen: string): void {
    this.unacknowledged = 0;
    this.screen.replace(screen);
  }

  /** Keystrokes of one turn go out as one message. */
  input(data: string): void {
    if (!this.live) return;
    if (this.pendingInput === '') queueMicrotask(() => this.flushInput());
    this.pendingInput += data;
  }

  binaryInput(data: string): void {
    if (this.live) this.socket()?.emit('terminal:input', this.id, Uint8Array.from(data, (c) => c.charCodeAt(0)).buffer);
  }

  /** Clears what stands half typed on the line, types the command, presses Enter if asked. */
  async run(text: string, enter: boolean): Promise<RunAnswer> {
    const socket = this.socket();
    if (!this.live || !socket?.connected) return { sent: false, why: this.hooks.texts()('run.terminalAway') };
    if (this.screen.fullScreen()) return { sent: false, why: this.hooks.texts()('run.fullScreen') };
    const lines = text.replace(/\r?\n/g, '\n').trimEnd().split('\n');
    const body = lines.length > 1 && this.screen.bracketedPaste() ? `\x1b[200~${lines.join('\n')}\x1b[201~` : lines.join('\r');
    this.flushInput();
    const input = `\x05\x15${body}${enter ? '\r' : ''}`;
    // As a request, not as keystrokes: the server drops the second half of a double click, in whichever tab.
    return new Promise((resolve) => socket.timeout(RUN_TIMEOUT_MS).emit('terminal:run', { id: this.id, input }, (error, answer) => {
      if (error) resolve({ sent: false, why: this.hooks.texts()('run.lost') });
      else resolve(isProblem(answer) ? { sent: false, why: answer.problem } : { sent: true });
    }));
  }

  focus(): void { this.screen.focus(); }

  /** Call whenever the size may have changed; only the last of a burst is sent. */
  resize(): void {
    clearTimeout(this.resizeTimer);
    this.resizeTimer = setTimeout(() => {
      const size = this.screen.size();
      const text = `${size.cols}x${size.rows}`;
      if (!this.live || text === this.sentSize) return;
      this.sentSize = text;
      this.socket()?.emit('terminal:resize', { id: this.id, ...size });
    }, RESIZE_DELAY_MS);
  }

  /** The connection is gone: nothing typed from now on is sent, and what was waiting is thrown away. */
  suspend(): void {
    this.generation += 1;
    this.live = false;
    this.pendingInput = '';
    this.unacknowledged = 0;
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    this.screen.setLive(false);
  }

  /** The terminal has ended on the server. */
  close(_reason: string): void { this.suspend(); }

  release(): void {
    if (this.released) return;
    if (this.live && this.socket()?.connected) this.socket()?.emit('terminal:detach', { id: this.id });
    this.suspend();
    clearTimeout(this.resizeTimer);
    this.released = true;
    this.hooks.onRelease();
  }

  private flushInput(): void {
    const data = this.pendingInput;
    this.pendingInput = '';
    const socket = this.socket();
    if (!this.live || !socket?.connected) return;
    for (const piece of pieces(data, INPUT_PIECE)) socket.emit('terminal:input', this.id, piece);
  }

  private acknowledge(bytes: number): void {
    this.unacknowledged += bytes;
    if (this.unacknowledged >= ACK_BYTES) this.flushAck();
    else this.ackTimer ??= setTimeout(() => this.flushAck(), ACK_DELAY_MS);
  }

  private flushAck(): void {
    clearTimeout(this.ackTimer);
    this.ackTimer = undefined;
    const bytes = this.unacknowledged;
    this.unacknowledged = 0;
    if (bytes > 0 && this.live) this.socket()?.emit('terminal:ack', this.id, bytes);
  }
}

/** Cuts a string without splitting a surrogate pair, which would arrive as two replacement characters. */
export function pieces(text: string, length: number): string[] {
  const out: string[] = [];
  for (let from = 0; from < text.length;) {
    let to = Math.min(from + length, text.length);
    const last = text.charCodeAt(to - 1);
    if (to < text.length && last >= 0xd800 && last <= 0xdbff) to -= 1;
    out.push(text.slice(from, to));
    from = to;
  }
  return out;
}

function isProblem(answer: object): answer is Problem { return 'problem' in answer; }
