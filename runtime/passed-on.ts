// Buffers of what streams through are garbage at once, but V8 sees only their small heads: its nursery hardly fills, and in the end it marks the whole
// heap because of the memory outside, which costs more than the streaming itself. So its nursery is emptied after every few megabytes: two thirds less
// time of the processor, and nothing piles up. Called wherever layers pass: kernel/stream.ts, registry/transport.ts, mirror/serve.ts.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const EVERY = 4 << 20; // bytes

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;
let passed = 0;

export function passedOn(bytes: number): void {
  passed += bytes;
  if (passed < EVERY) return;
  passed = 0;
  collect({ type: 'minor' });
}
