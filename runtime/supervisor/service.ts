// One supervised process: started, watched, restarted with a growing pause, stopped. Its output goes to ours, each line behind its name.
// Used by the supervisor only.
import { spawn, type ChildProcess } from 'node:child_process';
import { prefixLines } from './once.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;
/** A process that was ready for this long had started well: the next pause is the first again, since somebody waits in front of a terminal. */
const HEALTHY_MS = 1_000;
/** Deaths before it was ever ready, after which starting it once more would not help. */
const TRIES = 3;
const ERRORS_KEPT = 10;
/** A process that complains without end must not keep the status file busy. */
const NOTE_MS = 500;
const TERM_WAIT_MS = 10_000;

export type ServiceView = { name: string; pid: number | null; restarts: number; state: 'starting' | 'ready' | 'waiting' | 'stopped'; errors: { at: string; what: string }[] };

export class Service {
  readonly name: string;
  private readonly argv: string[];
  private readonly options: { cwd: string; env: NodeJS.ProcessEnv; changed: () => void };
  private child: ChildProcess | undefined;
  private state: ServiceView['state'] = 'stopped';
  private restarts = 0;
  private readonly errors: ServiceView['errors'] = [];
  private everReady = false;
  private pauseMs = FIRST_PAUSE_MS;
  private pauseTimer: NodeJS.Timeout | undefined;
  private noteTimer: NodeJS.Timeout | undefined;
  private wanted = false;
  private ready: () => Promise<void> = () => Promise.resolve();

  constructor(name: string, argv: string[], options: { cwd: string; env: NodeJS.ProcessEnv; changed: () => void }) {
    this.name = name;
    this.argv = argv;
    this.options = options;
  }

  view(): ServiceView {
    return { name: this.name, pid: this.child?.pid ?? null, restarts: this.restarts, state: this.state, errors: this.errors };
  }

  /** Resolves when `ready` has; `ready` is asked again after every restart. Rejects when the process keeps dying before it was ever ready. */
  start(ready: () => Promise<void>): Promise<void> {
    this.ready = ready;
    this.wanted = true;
    return new Promise((resolve, reject) => this.launch(resolve, reject));
  }

  private launch(isReady: () => void, fail: (error: Error) => void) {
    let readyAt = Infinity;
    // A session of its own, so that Ctrl-C reaches the supervisor alone, which then stops all in order.
    const child = spawn(this.argv[0]!, this.argv.slice(1), { ...this.options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    this.enter('starting');
    prefixLines(this.name, child, what => this.note(what));
    child.once('error', error => fail(new Error(`${this.name} cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (this.child === child) this.child = undefined;
      this.enter('stopped');
      if (!this.wanted) return fail(new Error(`${this.name} was stopped`));
      if (Date.now() - readyAt > HEALTHY_MS) this.pauseMs = FIRST_PAUSE_MS;
      this.restarts++;
      if (!this.everReady && this.restarts >= TRIES) return fail(new Error(`${this.name} ended ${TRIES} times before it was ready (last: ${signal ?? `exit code ${code}`}); its own words are above.`));
      this.note(`ended (${signal ?? `exit code ${code}`})`);
      console.error(`${this.name} ended (${signal ?? `exit code ${code}`}); starting it again in ${this.pauseMs} ms`);
      this.enter('waiting');
      this.pauseTimer = setTimeout(() => this.launch(isReady, fail), this.pauseMs);
      this.pauseMs = Math.min(this.pauseMs * 2, LONGEST_PAUSE_MS);
    });
    this.ready().then(() => {
      if (this.child !== child) return; // it died meanwhile: the next launch answers
      this.everReady = true;
      readyAt = Date.now();
      this.enter('ready');
      isReady();
    }, fail);
  }

  /** A signal, then SIGKILL when it takes too long. Idempotent. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', waitMs = TERM_WAIT_MS): Promise<void> {
    this.wanted = false;
    clearTimeout(this.pauseTimer);
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return this.enter('stopped');
    await new Promise<void>(resolve => {
      const tooLong = setTimeout(() => child.kill('SIGKILL'), waitMs);
      child.once('exit', () => { clearTimeout(tooLong); resolve(); });
      child.kill(signal);
    });
  }

  /** The newest are kept, for `slipway status`. */
  private note(what: string) {
    this.errors.push({ at: new Date().toISOString(), what });
    if (this.errors.length > ERRORS_KEPT) this.errors.shift();
    this.noteTimer ??= setTimeout(() => {
      this.noteTimer = undefined;
      this.options.changed();
    }, NOTE_MS).unref();
  }

  private enter(state: ServiceView['state']) {
    this.state = state;
    this.options.changed();
  }
}
