// The key sequence that leaves a container running (ctrl-p ctrl-q unless told otherwise): its notation, and finding it in typed input.
// Only terminals have it: with pipes every byte is data. Used by attach.ts and exec.ts.
import { SlipwayError } from '../errors.ts';

export const DEFAULT_DETACH_KEYS = Buffer.from([16, 17]); // ctrl-p, ctrl-q

/** "ctrl-a,x" → bytes; an empty text is the default. `what` is the word dockerd uses: attach says detach, exec says escape. */
export function parseDetachKeys(text: string, what: 'detach' | 'escape'): Buffer {
  if (text === '') return DEFAULT_DETACH_KEYS;
  return Buffer.from(text.split(',').map(key => {
    const code = keyCode(key);
    if (code === null) throw new SlipwayError(what === 'detach' ? 'InvalidParameter' : 'System', `Invalid ${what} keys (${text}) provided`);
    return code;
  }));
}

function keyCode(key: string): number | null {
  if (key === 'DEL') return 127;
  if (key.length === 1) return key.charCodeAt(0) < 128 ? key.charCodeAt(0) : null;
  const match = /^ctrl-([a-z@[\\\]^_])$/.exec(key);
  return match ? match[1]!.toUpperCase().charCodeAt(0) - 64 : null;
}

/** Feeds input through; keys of a sequence begun are held back until it is clear that they are not it. */
export class DetachScanner {
  private matched = 0;
  private readonly keys: Buffer;
  constructor(keys: Buffer) { this.keys = keys; }

  /** What to pass on, and whether the sequence is complete (then the rest is dropped). */
  feed(input: Buffer): { data: Buffer; detached: boolean } {
    const out: number[] = [];
    for (const byte of input) {
      while (this.matched > 0 && byte !== this.keys[this.matched]) {
        out.push(...this.keys.subarray(0, this.matched));
        this.matched = 0;
      }
      if (byte === this.keys[this.matched]) this.matched++;
      else out.push(byte);
      if (this.matched === this.keys.length) return { data: Buffer.from(out), detached: true };
    }
    return { data: out.length === input.length ? input : Buffer.from(out), detached: false };
  }
}
