// The end of a stream of terminal output that its reader is still in the middle of: a cut letter (UTF-8) or a cut escape sequence.
// A screen serialised at that point does not hold it, so a viewer who begins there must be given these bytes first.

const ESC = 0x1b;
/** Longer sequences (images, clipboard) are not followed: a viewer who joins within one shows some of it as text. */
const LONGEST = 4096;

/** The bytes at the end of `data` that form no whole letter or sequence yet; empty when it ends cleanly. */
export function unfinished(data: Uint8Array): Uint8Array {
  const end = data.subarray(Math.max(0, data.length - LONGEST));
  const start = end.lastIndexOf(ESC);
  if (start >= 0 && !sequenceEnds(end, start)) return end.subarray(start);
  return end.subarray(wholeLetters(end));
}

/** https://ecma-international.org/publications-and-standards/standards/ecma-48/ */
function sequenceEnds(data: Uint8Array, start: number): boolean {
  const kind = data[start + 1];
  if (kind === undefined) return false;
  const rest = data.subarray(start + 2);
  if (kind === 0x5b) return rest.some(byte => byte >= 0x40 && byte <= 0x7e); // CSI … final byte
  if (kind === 0x5d || kind === 0x50 || kind === 0x58 || kind === 0x5e || kind === 0x5f) return rest.includes(0x07); // OSC, DCS, SOS, PM, APC … BEL (ESC \ is a sequence of its own)
  if (kind >= 0x20 && kind <= 0x2f) return rest.some(byte => byte >= 0x30 && byte <= 0x7e); // ESC intermediates final
  return true;
}

/** How many of these bytes are whole letters: all, or those before a last letter whose end is still to come. */
export function wholeLetters(data: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, data.length); back++) {
    const byte = data[data.length - back]!;
    if (byte < 0x80) return data.length;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? data.length - back : data.length;
  }
  return data.length;
}
