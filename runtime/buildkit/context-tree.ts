// Finding COPY's sources among the names that a client has told of: wildcards, links inside the context, and a digest of what is found. Pure.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Found } from '../build/copy.ts';
import { SlipwayError } from '../errors.ts';
import type { FileEntry } from './receive-files.ts';

/** `sum`: sha256 of a file's content. */
export type TreeEntry = FileEntry & { sum: string };
/** By path, without a slash at the beginning. */
export type Tree = Map<string, TreeEntry>;

const MAX_LINKS = 40;
/** Names looked at in one build: everything here is a lab's, and this process is all labs'. */
const MAX_LOOKS = 20_000_000;
export type Looks = { left: number };
export const newLooks = (): Looks => ({ left: MAX_LOOKS });

/** As findSources does for other trees: every source, wildcards resolved, in the order of the alphabet. */
export function findInTree(tree: Tree, patterns: readonly string[], looks: Looks): Found[] | { missing: string } {
  const found: Found[] = [];
  for (const pattern of patterns) {
    looks.left -= tree.size;
    if (looks.left < 0) throw new SlipwayError('InvalidParameter', 'this build looks for too many files in too large a context');
    const clean = posix.normalize(`/${pattern}`).slice(1).replace(/\/$/, '');
    const names = /[*?[]/.test(clean) ? [...tree.keys()].filter(matcher(clean)).sort() : [clean];
    const here = names.flatMap(name => describe(tree, name, looks) ?? []);
    if (here.length === 0) return { missing: pattern };
    found.push(...here);
  }
  return found;
}

function describe(tree: Tree, name: string, looks: Looks): Found | undefined {
  const path = follow(tree, name);
  if (path === undefined) return undefined;
  const entry = path === '' ? undefined : tree.get(path);
  if (path !== '' && !entry) return undefined;
  if (entry && entry.kind !== 'directory') return { kind: 'file', digest: digest(tree, [entry], name), path: `/${path}`, name: posix.basename(name) };
  looks.left -= tree.size;
  if (looks.left < 0) return undefined;
  const prefix = path === '' ? '' : `${path}/`;
  const below = [...tree.values()].filter(other => other.path.startsWith(prefix)).sort((a, b) => (a.path < b.path ? -1 : 1));
  return { kind: 'dir', digest: digest(tree, below, path), path: `/${path}`, name: '' };
}

/** Content, names and modes; not times, nor owners (COPY sets them). */
function digest(tree: Tree, entries: readonly TreeEntry[], root: string): string {
  const hash = createHash('sha256');
  for (const listed of entries) {
    const entry = listed.kind === 'hardlink' ? { ...(tree.get(listed.link) ?? listed), path: listed.path } : listed;
    hash.update(JSON.stringify([entry.path === root || entries.length === 1 ? posix.basename(entry.path) : entry.path.slice(root === '' ? 0 : root.length + 1), entry.kind, entry.mode, entry.link, entry.sum]));
  }
  return hash.digest('hex');
}

/** Where a path leads for who has the context as its root. */
function follow(tree: Tree, path: string): string | undefined {
  let rest = path.split('/').filter(Boolean);
  let at = '';
  for (let links = 0; rest.length;) {
    const [part, ...more] = rest;
    rest = more;
    if (part === '.') continue;
    if (part === '..') { at = at.includes('/') ? at.slice(0, at.lastIndexOf('/')) : ''; continue; }
    const next = at === '' ? part! : `${at}/${part}`;
    const entry = tree.get(next);
    if (!entry) return undefined;
    if (entry.kind !== 'symlink') { at = next; continue; }
    if (++links > MAX_LINKS) return undefined;
    if (entry.link.startsWith('/')) at = '';
    rest = [...entry.link.split('/').filter(Boolean), ...rest];
  }
  return at;
}

/** Go's filepath.Match: `*` and `?` stop at slashes, classes in brackets, a backslash takes what follows as it is. No pattern takes longer than its length times the name's. */
export function matcher(pattern: string): (name: string) => boolean {
  const parts = pattern.split('/').map(tokens);
  return name => {
    const names = name.split('/');
    return names.length === parts.length && parts.every((part, at) => matches(part, names[at]!));
  };
}

type Token = '*' | ((c: string) => boolean);

function tokens(pattern: string): Token[] {
  const found: Token[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const c = pattern[at]!;
    const end = c === '[' ? pattern.indexOf(']', at + 2) : -1;
    if (c === '*') {
      if (found.at(-1) !== '*') found.push('*');
    } else if (c === '?') found.push(() => true);
    else if (end > 0) {
      found.push(classOf(pattern.slice(at + 1, end)));
      at = end;
    } else {
      const literal = c === '\\' && at + 1 < pattern.length ? pattern[++at]! : c;
      found.push(other => other === literal);
    }
  }
  return found;
}

function classOf(text: string): (c: string) => boolean {
  const negated = text.startsWith('^');
  const ranges: [string, string][] = [];
  for (let at = negated ? 1 : 0; at < text.length; at++) {
    const low = text[at]!;
    const high = text[at + 1] === '-' && at + 2 < text.length ? text[at + 2]! : low;
    if (high !== low || text[at + 1] === '-') at += text[at + 1] === '-' && at + 2 < text.length ? 2 : 0;
    ranges.push([low, high]);
  }
  return c => ranges.some(([low, high]) => c >= low && c <= high) !== negated;
}

/** Only the last star is ever taken back. */
function matches(pattern: readonly Token[], name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    const token = pattern[p];
    if (token === '*') {
      star = p++;
      resume = n;
    } else if (token && token(name[n]!)) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
