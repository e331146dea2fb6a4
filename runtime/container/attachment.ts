// A client's hold on a process's stdio: one shim connection of its own, so that a slow client slows only the process, never the engine.
// Before the process runs, input is kept here. Made by attach.ts and exec.ts.
import type { ShimConnection, TaskEnd } from '../kernel/shim.ts';
import type { Attachment, OutputSink, PendingAttachment } from './model.ts';

const MAX_EARLY_INPUT = 1 << 20; // bytes; a client that goes on sending when told to wait has only itself to blame

export interface ShimAttachmentOptions {
  sink: OutputSink;
  stdin: boolean; stdout: boolean; stderr: boolean;
  /** The client's end of input ends the process's. */
  closesStdin: boolean;
  onDetach(byKeys: boolean): void;
}

export class ShimAttachment implements Attachment, PendingAttachment {
  private shim: ShimConnection | null = null;
  private early: Buffer[] = [];
  private earlySize = 0;
  private inputEnded = false;
  private started = false;
  private over = false;
  private readonly drainListeners: (() => void)[] = [];
  private readonly options: ShimAttachmentOptions;
  constructor(options: ShimAttachmentOptions) {
    this.options = options;
  }

  connect(shim: ShimConnection) {
    if (this.over) return shim.close();
    this.shim = shim;
    const { sink, stdout, stderr } = this.options;
    shim.on('output', (stream, data) => {
      if ((stream === 1 ? stdout : stderr) && !sink.write(stream, data)) shim.pause();
    });
    shim.once('end', end => this.finish(end));
    shim.socket.on('drain', () => this.announceDrain());
    shim.subscribe({ ring: false });
    // Before there is a process, a shim would have nothing to write to or to close: much input would keep it from reading GO.
    shim.once('started', () => {
      this.started = true;
      for (const data of this.early) shim.stdin(data);
      this.early = [];
      this.earlySize = 0;
      if (this.inputEnded) shim.closeStdin();
      if (shim.socket.writableLength === 0) this.announceDrain();
    });
  }

  /** It never came to run. */
  abandon(reason: string) { this.finish({ kind: 'failed', message: reason }); }

  stdin(data: Buffer): boolean {
    if (this.over || !this.options.stdin || this.inputEnded) return true;
    if (this.shim && this.started) return this.shim.stdin(data);
    this.early.push(Buffer.from(data));
    this.earlySize += data.length;
    return this.earlySize < MAX_EARLY_INPUT;
  }

  onDrain(listener: () => void) { this.drainListeners.push(listener); }

  closeStdin() {
    if (this.over || !this.options.stdin || !this.options.closesStdin || this.inputEnded) return;
    this.inputEnded = true;
    if (this.started) this.shim?.closeStdin();
  }

  drained() { this.shim?.resume(); }

  detach(options: { byKeys?: boolean } = {}) {
    if (this.over) return;
    if (!options.byKeys) this.closeStdin();
    this.options.onDetach(options.byKeys ?? false);
    this.finish({ kind: 'lost' });
  }

  private announceDrain() { for (const listener of this.drainListeners) listener(); }

  private finish(end: TaskEnd) {
    if (this.over) return;
    this.over = true;
    this.shim?.socket.end(); // what was sent, such as the end of input, still arrives
    this.options.sink.end(end);
  }
}
