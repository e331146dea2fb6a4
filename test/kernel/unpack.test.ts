// Library layers are unpacked by nobody: what comes out belongs to the store's uids, hides what it should through a real overlay,
// and a hostile archive writes nowhere but into its own directory. Needs root and the pool.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pack, type Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toOverlay } from '../../runtime/content/whiteouts.ts';
import { STORE_UID_BASE } from '../../runtime/ids.ts';
import { poolDir } from '../../runtime/paths.ts';
import { unpackShifted } from '../../setup/assets/shifted.ts';

type Entry = Partial<Header> & { name: string; body?: string };
let area: string;
beforeEach(() => { area = mkdtempSync(join(poolDir, 'unpack-test-')); });
afterEach(() => rmSync(area, { recursive: true, force: true }));

function archive(entries: Entry[]): Readable {
  const layer = pack();
  for (const { body, ...header } of entries) layer.entry({ mtime: new Date(0), mode: header.type === 'directory' ? 0o755 : 0o644, ...header }, body ?? '');
  layer.finalize();
  return Readable.from(layer);
}

async function unpacked(name: string, entries: Entry[], convert = true): Promise<string> {
  const directory = join(area, name);
  mkdirSync(directory);
  const bytes = archive(entries);
  await unpackShifted(convert ? toOverlay(bytes) : bytes, directory, { xattrs: ['user.*'] });
  return directory;
}

/** What a lab sees of two layers: the overlay is mounted in a namespace of its own, as labs mount it. */
function seenThrough(upper: string, lower: string): string[] {
  const script = 'mount -t overlay overlay -o "userxattr,lowerdir=$1:$2" "$3" && cd "$3" && find . -mindepth 1 | sort';
  mkdirSync(join(area, 'merged'));
  return execFileSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', upper, lower, join(area, 'merged')], { encoding: 'utf8' }).split('\n').filter(Boolean);
}

test('files belong to the store\'s uids, with their modes, set-uid bits and owners kept in the range', async () => {
  const directory = await unpacked('a', [{ name: 'su', mode: 0o4755 }, { name: 'of-33', uid: 33, gid: 34 }, { name: 't', type: 'directory', mode: 0o1777 }]);
  expect(lstatSync(join(directory, 'su'))).toMatchObject({ uid: STORE_UID_BASE, gid: STORE_UID_BASE, mode: 0o104755 });
  expect(lstatSync(join(directory, 'of-33'))).toMatchObject({ uid: STORE_UID_BASE + 33, gid: STORE_UID_BASE + 34 });
  expect(lstatSync(join(directory, 't')).mode & 0o7777).toBe(0o1777);
});

test('whiteouts and opaque directories hide what lies below, in a real overlay', async () => {
  const lower = await unpacked('lower', [
    { name: 'gone', body: 'x' }, { name: 'stays', body: 'x' }, { name: 'd', type: 'directory' }, { name: 'd/old', body: 'x' }, { name: 'e', type: 'directory' }, { name: 'e/old', body: 'x' },
  ]);
  const upper = await unpacked('upper', [{ name: '.wh.gone' }, { name: 'd', type: 'directory' }, { name: 'd/.wh..wh..opq' }, { name: 'd/new', body: 'y' }, { name: '.wh.e' }]);
  expect(lstatSync(join(upper, 'gone'))).toMatchObject({ rdev: 0 });
  expect(lstatSync(join(upper, 'gone')).isCharacterDevice()).toBe(true);
  expect(seenThrough(upper, lower)).toEqual(['./d', './d/new', './stays']);
});

test('overlay attributes that an archive brings have no effect', async () => {
  const lower = await unpacked('lower', [{ name: 'd', type: 'directory' }, { name: 'd/old', body: 'x' }]);
  const upper = await unpacked('upper', [{ name: 'd', type: 'directory', pax: { 'SCHILY.xattr.user.overlay.opaque': 'y' } }]);
  expect(seenThrough(upper, lower)).toEqual(['./d', './d/old']);
});

describe('a hostile archive', () => {
  test.each<[string, Entry[]]>([
    ['climbs with dots', [{ name: '../outside', body: 'evil' }]],
    ['names an absolute path', [{ name: '/outside', body: 'evil' }]],
    ['writes through a symlink', [{ name: 'link', type: 'symlink', linkname: '..' }, { name: 'link/outside', body: 'evil' }]],
    ['hard-links a file of the machine', [{ name: 'shadow', type: 'link', linkname: '/etc/shadow' }, { name: 'shadow', body: 'evil' }]],
    ['makes a device', [{ name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 }]],
  ])('%s: nothing outside its directory changes', async (_name, entries) => {
    const before = readFileSync('/etc/shadow');
    for (const convert of [true, false]) await unpacked(`hostile-${convert}`, entries, convert).catch(() => {});
    expect(readFileSync('/etc/shadow').equals(before)).toBe(true);
    expect(existsSync('/outside')).toBe(false);
    expect(readdirSync(area).sort()).toEqual(['hostile-false', 'hostile-true']);
    for (const directory of readdirSync(area)) {
      for (const file of readdirSync(join(area, directory))) expect(lstatSync(join(area, directory, file)).isBlockDevice(), file).toBe(false);
    }
  });

  test('cannot replace a file of root beside it, though it is told where', async () => {
    writeFileSync(join(area, 'mine'), 'root\'s', { mode: 0o666 });
    await unpacked('h', [{ name: 'link', type: 'symlink', linkname: join(area, 'mine') }, { name: 'link', type: 'file', body: 'evil' }], false).catch(() => {});
    expect(readFileSync(join(area, 'mine'), 'utf8')).toBe('root\'s');
  });
});

test('a stream that fails half-way is an error, not a shorter layer', async () => {
  const broken = Readable.from((async function* () {
    yield Buffer.from(await new Response(Readable.toWeb(archive([{ name: 'first', body: 'x'.repeat(5000) }])) as unknown as BodyInit).arrayBuffer()).subarray(0, 2048);
    throw new Error('the disk is gone');
  })());
  mkdirSync(join(area, 'b'));
  await expect(unpackShifted(broken, join(area, 'b'))).rejects.toThrow('the disk is gone');
});
