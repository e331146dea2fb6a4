// Takes the clipboard sequence, OSC 52 (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html#h3-Operating-System-Commands), out of a lab's
// output, so that what runs in a lab can neither set nor ask for the operator's clipboard. Works across chunks; all else passes unchanged.

const ESC = 0x1b;
const BEL = 0x07;
const OSC = 0x5d; // ] after ESC
const ST = 0x5c; // \ after ESC
const CAN = 0x18;
const SUB = 0x1a;

type State =
  | { at: 'text' }
  /** Seen so far of what may become the sequence: held back until it is decided. */
  | { at: 'maybe'; held: number[] }
  | { at: 'clipboard'; escaped: boolean };

export class ClipboardFilter {
  private state: State = { at: 'text' };

  pass(chunk: Buffer): Buffer {
    if (this.state.at === 'text' && !chunk.includes(ESC) && !chunk.includes(0xc2)) return chunk;
    const out: number[] = [];
    for (const byte of chunk) this.take(byte, out);
    return Buffer.from(out);
  }

  private take(byte: number, out: number[]) {
    const state = this.state;
    if (state.at === 'clipboard') {
      const ends = byte === BEL || byte === CAN || byte === SUB || (state.escaped && byte === ST);
      if (ends) this.state = { at: 'text' };
      else state.escaped = byte === ESC;
      return;
    }
    const held = state.at === 'maybe' ? state.held : [];
    const next = [...held, byte];
    const match = prefixMatch(next);
    if (match === 'whole') this.state = { at: 'clipboard', escaped: false };
    else if (match === 'part') this.state = { at: 'maybe', held: next };
    else {
      this.state = { at: 'text' };
      out.push(...held);
      // The byte that broke the match may itself begin one.
      if (held.length) this.take(byte, out);
      else out.push(byte);
    }
  }
}

/** ESC ] or its one-character form U+009D in UTF-8, then the number 52 (zeros before it count for nothing), then what is no digit. */
function prefixMatch(bytes: number[]): 'no' | 'part' | 'whole' {
  const introducers = [[ESC, OSC], [0xc2, 0x9d]];
  for (const introducer of introducers) {
    const common = Math.min(introducer.length, bytes.length);
    if (!introducer.slice(0, common).every((byte, i) => bytes[i] === byte)) continue;
    if (bytes.length <= introducer.length) return 'part';
    const rest = String.fromCharCode(...bytes.slice(introducer.length));
    if (/^0*(5?|52)$/.test(rest)) return rest.length > 32 ? 'whole' : 'part';
    return /^0*52[^0-9]$/.test(rest) ? 'whole' : 'no';
  }
  return 'no';
}
