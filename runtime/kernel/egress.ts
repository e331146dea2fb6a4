// What may be let out of a lab: a list of names and blocks of addresses, each perhaps with ports. The operator's list bounds what anybody else may wish for
// (broker/ceiling.ts); both are written in the same way. Pure: used by broker, engine, command line and web process, and by nothing that learners write.
//   deb.debian.org            that name, every TCP and UDP port, and ping         *.debian.org:80,443   every name below it, these TCP ports
//   203.0.113.0/24:443        a block of addresses                                [2001:db8::/32]:443   the same for IPv6
import { isIP } from 'node:net';
import { z } from 'zod';

/** A wish for all that the operator permits. */
export const EVERYTHING = '*';
export const MOST_ENTRIES = 64;

export interface Block { version: 4 | 6; first: bigint; prefix: number }
/** No ports: all of them. */
export type Allowed = { ports: number[] } & ({ kind: 'name'; name: string } | { kind: 'below'; name: string } | { kind: 'block'; block: Block });

const NAME = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$/;
export const SYNTAX = 'write a name (deb.debian.org), all names below one (*.debian.org), an address or a block (203.0.113.0/24), and perhaps TCP ports (deb.debian.org:80,443)';

/** Undefined when it is none. */
export function parseAllowed(text: string): Allowed | undefined {
  const lower = text.trim().toLowerCase();
  const bare = parseBlock(lower);
  if (bare) return { kind: 'block', block: bare, ports: [] };
  const [, inBrackets, outside, list] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::([\d,]+))?$/.exec(lower) ?? [];
  const ports = list === undefined ? [] : portsOf(list);
  if (!ports) return undefined;
  const block = parseBlock(inBrackets ?? outside ?? '');
  if (block) return { kind: 'block', block, ports };
  if (outside?.startsWith('*.') && NAME.test(outside.slice(2))) return { kind: 'below', name: outside.slice(2), ports };
  return outside !== undefined && NAME.test(outside) ? { kind: 'name', name: outside, ports } : undefined;
}

export function formatAllowed(entry: Allowed): string {
  const ports = entry.ports.length ? `:${entry.ports.join(',')}` : '';
  if (entry.kind !== 'block') return `${entry.kind === 'below' ? '*.' : ''}${entry.name}${ports}`;
  const block = formatBlock(entry.block);
  return ports && entry.block.version === 6 ? `[${block}]${ports}` : `${block}${ports}`;
}

/** One entry, in its one spelling. */
export const allowedSchema = z.string().max(300).transform((text, context) => {
  const entry = parseAllowed(text);
  if (!entry) context.addIssue({ code: 'custom', message: `"${text}" cannot be understood: ${SYNTAX}` });
  return entry ? formatAllowed(entry) : text;
});
export const allowListSchema = z.array(allowedSchema).max(MOST_ENTRIES, `at most ${MOST_ENTRIES} entries`);
/** What a lab is to have: entries, or everything that is permitted. */
export const wishSchema = z.array(z.union([z.literal(EVERYTHING), allowedSchema])).max(MOST_ENTRIES);

/** Of what is wished for, what is permitted: an entry that reaches further than permitted is cut down to it. */
export function withinCeiling(wish: readonly string[], ceiling: readonly string[]): string[] {
  if (wish.includes(EVERYTHING)) return [...ceiling];
  const limits = ceiling.flatMap(text => parseAllowed(text) ?? []);
  const found = wish.flatMap(text => parseAllowed(text) ?? []).flatMap(wanted => limits.flatMap(limit => common(wanted, limit) ?? []));
  return [...new Set(found.map(formatAllowed))];
}

function common(a: Allowed, b: Allowed): Allowed | undefined {
  const narrower = reaches(b, a) ? a : reaches(a, b) ? b : undefined;
  const ports = a.ports.length === 0 ? b.ports : b.ports.length === 0 ? a.ports : a.ports.filter(port => b.ports.includes(port));
  return narrower && (ports.length || !(a.ports.length && b.ports.length)) ? { ...narrower, ports } : undefined;
}

/** Whether whatever the second names is named by the first; ports apart. */
export function reaches(wide: Allowed, narrow: Allowed): boolean {
  if (wide.kind === 'block' || narrow.kind === 'block') return wide.kind === 'block' && narrow.kind === 'block' && contains(wide.block, narrow.block);
  if (wide.kind === 'name') return narrow.kind === 'name' && narrow.name === wide.name;
  return narrow.name.endsWith(`.${wide.name}`) || (narrow.kind === 'below' && narrow.name === wide.name);
}

export const contains = (wide: Block, narrow: Block): boolean => wide.version === narrow.version && wide.prefix <= narrow.prefix && network(narrow.first, wide) === wide.first;

export function parseBlock(text: string): Block | undefined {
  const [address = '', length, rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest !== undefined || address.includes('%') || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (prefix > bits) return undefined;
  const block = { version: version as 4 | 6, first: version === 4 ? groups(address.split('.'), 8n, 10) : parseIPv6(address), prefix };
  return { ...block, first: network(block.first, block) };
}

export function formatBlock({ version, first, prefix }: Block): string {
  const address = version === 4
    ? [24n, 16n, 8n, 0n].map(shift => (first >> shift) & 255n).join('.')
    : new URL(`http://[${Array.from({ length: 8 }, (_, i) => ((first >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':')}]`).hostname.slice(1, -1);
  return prefix === (version === 4 ? 32 : 128) ? address : `${address}/${prefix}`;
}

function network(address: bigint, { version, prefix }: Pick<Block, 'version' | 'prefix'>): bigint {
  const free = BigInt((version === 4 ? 32 : 128) - prefix);
  return (address >> free) << free;
}

function parseIPv6(address: string): bigint {
  const plain = address.replace(/[\d.]+$/, tail => (tail.includes('.') ? [0, 2].map(at => tail.split('.').slice(at, at + 2).map(byte => Number(byte).toString(16).padStart(2, '0')).join('')).join(':') : tail));
  const [before = '', after] = plain.split('::');
  const [head, tail] = [before, after ?? ''].map(part => part.split(':').filter(Boolean));
  return groups([...head!, ...Array.from({ length: 8 - head!.length - tail!.length }, () => '0'), ...tail!], 16n, 16);
}

const groups = (parts: string[], bits: bigint, radix: number): bigint => parts.reduce((all, part) => (all << bits) | BigInt(Number.parseInt(part, radix)), 0n);

function portsOf(list: string): number[] | undefined {
  const ports = [...new Set(list.split(',').map(Number))].sort((a, b) => a - b);
  return ports.length <= 16 && ports.every(port => Number.isInteger(port) && port >= 1 && port <= 65535) ? ports : undefined;
}
