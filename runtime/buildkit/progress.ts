// What a build tells while it runs, as BuildKit's Status stream has it: vertices (a step each), their statuses and logs. One per build; several
// clients may listen, and each gets everything from the beginning. Called by solve.ts; knows nothing of what the steps do.
import { createHash } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { StatusResponseSchema } from './messages_pb.js';

type Message = MessageInitShape<typeof StatusResponseSchema>;
type Time = { seconds: bigint; nanos: number };

/** As BuildKit limits a step's log: https://github.com/moby/buildkit/blob/v0.13.2/util/progress/logs/logs.go */
const MAX_LOG = 2 << 20;
/** Of all steps together: what is told is kept until the build ends. */
const MAX_LOGS = 16 << 20;
/** Of statuses that only count up. */
const BETWEEN_MS = 100;

export interface Step {
  readonly digest: string;
  start(): void;
  /** Found in the cache; also the end. */
  cached(): void;
  log(stream: 1 | 2, data: Buffer): void;
  /** A line below the step; `done` by the returned function. */
  status(id: string, name?: string): { progress(current: number, total?: number): void; done(current?: number): void };
  warn(text: string, details?: readonly string[], url?: string): void;
  /** Idempotent; with what went wrong. */
  end(error?: string): void;
}

export class Progress {
  private readonly past: Message[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly unique: string;
  private steps = 0;
  private logged = 0;
  private over = false;
  constructor(unique: string) { this.unique = unique; }

  step(name: string, inputs: readonly string[] = []): Step {
    const digest = `sha256:${createHash('sha256').update(`${this.unique} ${this.steps++}`).digest('hex')}`;
    let started: Time | undefined;
    let ended = false;
    let logged = 0;
    const tell = (more: { cached?: boolean; completed?: Time; error?: string } = {}) => this.tell({ vertexes: [{ digest, inputs: [...inputs], name, ...(started ? { started } : {}), ...more }] });
    tell();
    return {
      digest,
      start() {
        if (started) return;
        started = now();
        tell();
      },
      cached() {
        if (ended) return;
        started ??= now();
        ended = true;
        tell({ cached: true, completed: now() });
      },
      log: (stream, data) => {
        if (logged > MAX_LOG || this.logged > MAX_LOGS) return;
        logged += data.length;
        this.logged += data.length;
        const cut = logged > MAX_LOG ? Buffer.concat([data.subarray(0, Math.max(0, data.length - (logged - MAX_LOG))), Buffer.from(`\n[output clipped, log limit ${MAX_LOG >> 20}MiB reached]\n`)]) : data;
        this.tell({ logs: [{ vertex: digest, timestamp: now(), stream: BigInt(stream), msg: cut }] });
      },
      status: (id, name = '') => {
        const begun = now();
        let toldAt = 0;
        const say = (current: number, total: number, completed?: Time) => this.tell({ statuses: [{ id, vertex: digest, name, current: BigInt(current), total: BigInt(total), timestamp: now(), started: begun, ...(completed ? { completed } : {}) }] });
        let last = 0;
        let of = 0;
        say(0, 0);
        return {
          progress(current, total = 0) {
            last = current;
            of = total;
            if (Date.now() - toldAt < BETWEEN_MS) return;
            toldAt = Date.now();
            say(current, total);
          },
          done: (current = last) => say(current, of, now()),
        };
      },
      warn: (text, details = [], url = '') => this.tell({ warnings: [{ vertex: digest, level: 1n, short: Buffer.from(text), detail: details.map(line => Buffer.from(line)), url }] }),
      end(error) {
        if (ended) return;
        ended = true;
        started ??= now();
        tell({ completed: now(), ...(error === undefined ? {} : { error }) });
      },
    };
  }

  /** Nothing more will come: listeners end. */
  close(): void {
    this.over = true;
    for (const wake of this.listeners) wake();
  }

  async *messages(signal: AbortSignal): AsyncGenerator<Message, void, void> {
    let at = 0;
    while (!signal.aborted) {
      if (at < this.past.length) yield this.past[at++]!;
      else if (this.over) return;
      else {
        await new Promise<void>(resolve => {
          const wake = () => { this.listeners.delete(wake); signal.removeEventListener('abort', wake); resolve(); };
          this.listeners.add(wake);
          signal.addEventListener('abort', wake);
        });
      }
    }
  }

  private tell(message: Message): void {
    if (this.over) return;
    this.past.push(message);
    for (const wake of this.listeners) wake();
  }
}

export function now(): Time {
  const micros = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000));
  return { seconds: micros / 1_000_000n, nanos: Number(micros % 1_000_000n) * 1000 };
}
