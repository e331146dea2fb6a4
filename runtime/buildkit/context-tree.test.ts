import { expect, test } from 'vitest';
import { findInTree, matcher, newLooks, type Tree, type TreeEntry } from './context-tree.ts';

const entry = (path: string, more: Partial<TreeEntry> = {}): [string, TreeEntry] => [path, { path, kind: 'file', mode: 0o644, uid: 0, gid: 0, size: 1, modTime: 0n, link: '', sum: path, ...more }];
const directory = (path: string) => entry(path, { kind: 'directory', mode: 0o755, sum: '' });
const link = (path: string, to: string) => entry(path, { kind: 'symlink', link: to, sum: '' });
const tree: Tree = new Map([directory('d'), entry('d/x'), directory('d/e'), entry('d/e/y'), entry('a.txt'), entry('b.txt'), link('to-a', 'a.txt'), link('to-d', '/d'), link('out', '/etc/passwd'), link('up', '../../a.txt'), link('loop', 'loop'), entry('[x]')]);
const find = (...patterns: string[]) => {
  const found = findInTree(tree, patterns, newLooks());
  return 'missing' in found ? found : found.map(({ kind, path }) => `${kind} ${path}`);
};

test.each<[string, string[]]>([
  ['a.txt', ['file /a.txt']], ['./a.txt', ['file /a.txt']], ['/a.txt', ['file /a.txt']], ['../a.txt', ['file /a.txt']], ['d', ['dir /d']], ['d/', ['dir /d']], ['.', ['dir /']], ['*.txt', ['file /a.txt', 'file /b.txt']], ['?.txt', ['file /a.txt', 'file /b.txt']],
  ['d/*', ['dir /d/e', 'file /d/x']], ['*/*/y', ['file /d/e/y']], ['to-a', ['file /a.txt']], ['to-d/x', ['file /d/x']], ['up', ['file /a.txt']], ['[ab].txt', ['file /a.txt', 'file /b.txt']], ['\\[x\\]', ['file /[x]']],
])('%s finds %j', (pattern, found) => expect(find(pattern)).toEqual(found));

test.each(['nope', 'out', 'loop', 'd/nope', 'a.txt/x', '*.md'])('%s is not there', pattern => expect(find('a.txt', pattern)).toEqual({ missing: pattern }));

test('a directory\'s digest is that of names, modes and contents below it, whatever it is called', () => {
  const digest = (of: Tree, path: string) => (findInTree(of, [path], newLooks()) as { digest: string }[])[0]!.digest;
  const other: Tree = new Map([directory('other'), entry('other/x', { sum: 'd/x' }), directory('other/e'), entry('other/e/y', { sum: 'd/e/y', modTime: 5n, uid: 7 })]);
  expect(digest(other, 'other')).toBe(digest(tree, 'd'));
  expect(digest(new Map([...other, entry('other/x', { sum: 'changed' })]), 'other')).not.toBe(digest(tree, 'd'));
  expect(digest(new Map([...other, entry('other/x', { sum: 'd/x', mode: 0o755 })]), 'other')).not.toBe(digest(tree, 'd'));
});

test('patterns take no longer than their length times the name\'s', () => {
  const begun = performance.now();
  expect(matcher(`${'*a'.repeat(2000)}b`)('a'.repeat(4000))).toBe(false);
  expect(performance.now() - begun).toBeLessThan(500);
});

test('a build that looks for everything everywhere is stopped', () => {
  const large: Tree = new Map(Array.from({ length: 50_000 }, (_, n) => entry(`f${n}`)));
  expect(() => findInTree(large, Array.from({ length: 1000 }, (_, n) => `f${n}`), newLooks())).toThrow('too many files');
});
