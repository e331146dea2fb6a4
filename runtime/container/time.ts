// Times as Docker gives them: nanoseconds since 1970 for events, ISO 8601 with nanoseconds in records.
import type { Timestamp } from './model.ts';

const startMs = BigInt(Date.now()) * 1_000_000n;
const startNs = process.hrtime.bigint();

/** Nanoseconds since 1970. The clock's milliseconds, refined by the monotonic clock, never going back within a process. */
let last = 0n;
export function nowNano(): bigint {
  const fine = startMs + (process.hrtime.bigint() - startNs);
  const coarse = BigInt(Date.now()) * 1_000_000n;
  const drift = fine - coarse;
  const now = drift > 2_000_000n || drift < -2_000_000n ? coarse : fine; // the clock was set: follow it
  last = now > last ? now : last + 1n;
  return last;
}

export const timestamp = (nano = nowNano()): Timestamp => {
  const seconds = nano / 1_000_000_000n;
  const fraction = String(nano % 1_000_000_000n).padStart(9, '0').replace(/0+$/, '');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}${fraction ? `.${fraction}` : ''}Z`;
};
