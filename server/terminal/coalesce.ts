// Adaptive coalescing of output: a keystroke's echo goes out at once, a flood goes out in batches.
// Measured against sending at once and against fixed batches: the echo of the former with more than the throughput of the latter.

const WINDOW_MS = 8;
/** Up to this much within a window counts as quiet. */
const QUIET_BYTES = 4 << 10;
const DELAY_MS = 4;
const BATCH_BYTES = 64 << 10;

export interface Coalescer {
  push(data: Buffer): void;
  /** Sends what waits, now. */
  flush(): void;
  /** Drops what waits and the timer. */
  release(): void;
}

export function createCoalescer(send: (batch: Buffer) => void, now: () => number = () => performance.now()): Coalescer {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let windowStart = -Infinity;
  let windowBytes = 0;

  const coalescer: Coalescer = {
    push(data) {
      const at = now();
      if (at - windowStart > WINDOW_MS) {
        windowStart = at;
        windowBytes = 0;
      }
      windowBytes += data.length;
      if (waitingBytes === 0 && windowBytes < QUIET_BYTES) return send(data);
      waiting.push(data);
      waitingBytes += data.length;
      if (waitingBytes >= BATCH_BYTES) coalescer.flush();
      else timer ??= setTimeout(coalescer.flush, DELAY_MS);
    },
    flush() {
      clearTimeout(timer);
      timer = undefined;
      if (waitingBytes === 0) return;
      const batch = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting, waitingBytes);
      waiting = [];
      waitingBytes = 0;
      send(batch);
    },
    release() {
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
      waitingBytes = 0;
    },
  };
  return coalescer;
}
