// Addresses and blocks of them as numbers, IPv4 and IPv6 alike. Pure; the texts of errors are the callers'.
import { isIPv4, isIPv6 } from 'node:net';

export interface Block { first: bigint; last: bigint; prefix: number; version: 4 | 6 }

const BITS = { 4: 32, 6: 128 } as const;

export function parseAddress(text: string): { value: bigint; version: 4 | 6 } | null {
  if (isIPv4(text)) return { value: text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n), version: 4 };
  if (!isIPv6(text) || text.includes('%')) return null;
  return { value: parse6(text), version: 6 };
}

/** `10.0.0.0/8`; bits after the prefix may be set. */
export function parseBlock(text: string): Block | null {
  const [address = '', length = '', ...rest] = text.split('/');
  const parsed = parseAddress(address);
  if (!parsed || rest.length || !/^\d{1,3}$/.test(length) || Number(length) > BITS[parsed.version]) return null;
  const size = 1n << BigInt(BITS[parsed.version] - Number(length));
  const first = parsed.value - (parsed.value % size);
  return { first, last: first + size - 1n, prefix: Number(length), version: parsed.version };
}

export function addressText(value: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 255n).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  let best = { at: 0, length: 1 }; // https://datatracker.ietf.org/doc/html/rfc5952: the longest run of zeros, of two at least
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (groups[at + length] === '0') length++;
    if (length > best.length) best = { at, length };
  }
  if (best.length === 1) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}

export const blockText = (block: Block) => `${addressText(block.first, block.version)}/${block.prefix}`;
export const overlaps = (a: Block, b: Block) => a.version === b.version && a.first <= b.last && b.first <= a.last;
export const contains = (block: Block, address: { value: bigint; version: 4 | 6 }) => block.version === address.version && block.first <= address.value && address.value <= block.last;
export const broadcast = (block: Block) => addressText(block.last, block.version);

function parse6(text: string): bigint {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (embedded) {
    const v4 = parseAddress(embedded[2]!)!.value;
    return parse6(`${embedded[1]}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`);
  }
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = tail === undefined ? before : [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
  return all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
