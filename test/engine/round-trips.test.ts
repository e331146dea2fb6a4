// Images that go from a real dockerd to a lab and back, and from a lab to dockerd and back: ids, layers and files stay what they are. Only with
// SLIPWAY_TEST_ORACLE, a dockerd's socket as unix:///…, which has busybox; what a lab does by itself is tested in made-images.test.ts.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NET_RAW, tar, type Entry } from './archives.ts';
import { BUILDX, CLIENTS, createTestLab, type Options, type TestLab } from './lab.ts';

const oracle = process.env.SLIPWAY_TEST_ORACLE;
if (!oracle) console.warn('SLIPWAY_TEST_ORACLE is not set: images do NOT go to a real dockerd and back.');

const LONG = 'n'.repeat(200);
const FIRST: Entry[] = [
  ...['d/', 'd/sub/', 'opaque/', 'opaque/old/', 'gone.d/', 'turns/', 'sticky/', 'empty/'].map((name): Entry => ({ name, type: 'directory' })),
  { name: 'sticky/', type: 'directory', mode: 0o1777, uid: 1234, gid: 5678 },
  { name: 'd/file', body: 'x\n', uid: 1234, gid: 60_000 }, { name: 'd/sub/hard', type: 'link', linkname: 'd/file', uid: 1234, gid: 60_000 },
  { name: 'capable', mode: 0o755, body: 'p', pax: NET_RAW }, { name: 'setuid', mode: 0o4755, body: 's' }, { name: 'secret', mode: 0, body: 'm' }, { name: 'pipe', type: 'fifo' },
  { name: 'relative', type: 'symlink', linkname: 'd/sub' }, { name: 'absolute', type: 'symlink', linkname: '/d/file' }, { name: 'dangling', type: 'symlink', linkname: '../../no/where' },
  { name: 'opaque/old/f', body: '1' }, { name: 'opaque/f', body: '2' }, { name: 'gone.d/f', body: '3' }, { name: 'gone', body: '4' }, { name: 'turns/directory', body: '5' }, { name: 'turns/file/', type: 'directory' }, { name: 'turns/file/f', body: '6' },
  { name: `d/${LONG}`, body: 'long' }, { name: `d/sub/${LONG}/`, type: 'directory' }, { name: `d/sub/${LONG}/${LONG}`, body: 'longer' }, { name: `d/sub/${LONG}/link`, type: 'symlink', linkname: `../${'y/'.repeat(100)}` },
  { name: 'd/Grüße 日本 $(x) \\ "q"', body: 'u' }, { name: 'd/new\nline', body: 'n' }, { name: '-rf', body: '' },
  { name: 'epoch', body: 'e', mtime: new Date(0) }, { name: 'fraction', body: 'f', pax: { mtime: '1500000000.123456789' } }, { name: 'large', body: Buffer.alloc(3 << 20, 'slipway ') },
];
const SECOND: Entry[] = [{ name: 'd/', type: 'directory', mode: 0o711, uid: 7 }, { name: 'd/file', body: 'again\n' }, { name: 'relative', body: 'a file now' }, { name: 'capable2', type: 'file', mode: 0o755, body: 'p', pax: NET_RAW }];
const DOCKERFILE = `FROM busybox
ADD first.tar /
RUN rm -r /gone /gone.d /opaque && mkdir /opaque && echo new > /opaque/new && rm /turns/directory && mkdir /turns/directory && rm -r /turns/file && echo f > /turns/file
RUN chmod 600 /large; ln /setuid /d/again; mv /empty /full; rm /d/${LONG}
ADD second.tar /
LABEL a="b \\"c\\"" d=<&>
ENV E=1
CMD ["sh", "-c", "cat /d/sub/hard; ls /opaque /turns; cat /turns/file"]
`;
/** What either changes in a container of it; `docker diff` tells. */
const CHANGE = 'rm -r /opaque /relative; echo >> /d/sub/hard; mkdir /gone; ln -s x /gone/l; chmod 700 /d/sub';

let here: string;
const NAMES = { dockerd: `trips-${process.pid}:dockerd`, lab: `trips-${process.pid}:lab`, buildkit: `trips-${process.pid}:buildkit` };
type Side = (args: readonly string[], options?: Options) => Promise<string>;
let lab: TestLab;
let context: Buffer;

/** The client at a real dockerd. */
const there: Side = async (args, { stdin } = {}) => {
  const child = spawn(CLIENTS[26], [...args], { env: { PATH: '/usr/bin:/bin', HOME: here, DOCKER_HOST: oracle, DOCKER_BUILDKIT: '0' } as unknown as NodeJS.ProcessEnv, stdio: ['pipe', 'pipe', 'pipe'], timeout: 60_000 });
  child.stdin.on('error', () => {}).end(stdin ?? '');
  const ended = new Promise(resolve => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (child.exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
};
const ours: Side = (args, options) => lab.ok(args, { env: { DOCKER_BUILDKIT: '0' }, ...options });
const oursByBuildKit: Side = (args, options) => lab.ok(args, { env: { DOCKER_CONFIG: here }, ...options });

const ids = (side: Side, image: string) => side(['image', 'inspect', '-f', '{{.Id}} {{json .RootFS.Layers}} {{json .Config.Labels}} {{json .Config.Cmd}}', image]);

/** Every file of an image, with all that an archive tells of it. */
async function files(side: Side, image: string): Promise<Record<string, unknown>> {
  const container = await side(['create', image]);
  const file = join(here, 'export.tar');
  await side(['export', '-o', file, container]);
  await side(['rm', container]);
  const found: Record<string, unknown> = {};
  const linked = new Map<string, string[]>();
  const reader = extract();
  reader.end(readFileSync(file));
  for await (const entry of reader) {
    const { name, type, mode, uid, gid, size, mtime, linkname, pax } = entry.header;
    const hash = createHash('sha256');
    for await (const chunk of entry) hash.update(chunk as Buffer);
    const path = name.replace(/^\.?\//, '').replace(/\/$/, '');
    if (type === 'link') linked.set(linkname!, [...linked.get(linkname!) ?? [linkname!], path]);
    else found[path] = { type, mode: mode! & 0o7777, uid, gid, size, seconds: Math.floor(mtime!.getTime() / 1000), linkname: linkname ?? '', content: hash.digest('hex').slice(0, 16), capability: (pax as Record<string, string> | undefined)?.['SCHILY.xattr.security.capability'] };
  }
  // Which of two names is the file and which the link is the archiver's to choose.
  for (const [first, names] of linked) for (const name of names) found[name] = { ...found[first] as object, links: names.toSorted() };
  // What the runtimes make to mount over it, and the directories that this touches.
  return Object.fromEntries(Object.entries(found).filter(([path]) => !/^(\.dockerenv|(dev|etc|proc|sys)(\/.*)?|)$/.test(path)));
}

async function changes(side: Side, image: string): Promise<string[]> {
  const container = await side(['create', image, 'sh', '-c', CHANGE]);
  await side(['start', '-a', container]);
  const told = await side(['diff', container]);
  await side(['rm', container]);
  return told.split('\n').sort();
}

async function carry(from: Side, to: Side, image: string): Promise<void> {
  const file = join(here, 'image.tar');
  await from(['save', '-o', file, image]);
  expect(await to(['load', '-i', file])).toBe(`Loaded image: ${image}`);
}

describe.skipIf(!oracle)('an image of many layers, links, owners, names and deletions', () => {
  beforeAll(async () => {
    here = mkdtempSync(join(tmpdir(), 'slipway-trips-'));
    mkdirSync(join(here, 'cli-plugins'));
    symlinkSync(BUILDX, join(here, 'cli-plugins', 'docker-buildx'));
    lab = await createTestLab('trips', { pull: ['busybox'] });
    context = await tar([{ name: 'Dockerfile', body: DOCKERFILE }, { name: 'first.tar', body: await tar(FIRST) }, { name: 'second.tar', body: await tar(SECOND) }]);
  });
  afterAll(async () => {
    for (const name of Object.values(NAMES)) await there(['rmi', '-f', name]).catch(() => {}); // it may not have come that far
    rmSync(here, { recursive: true });
    await lab?.dispose();
  });

  test.each([['dockerd', there, ours], ['lab', ours, there], ['buildkit', oursByBuildKit, there]] as const)('made by %s, is the same at the other one and when it comes back', async (maker, home, abroad) => {
    const image = NAMES[maker];
    await home(['build', '-q', '--no-cache', '-t', image, '-'], { stdin: context });
    const [itself, all, said, changed] = [await ids(home, image), await files(home, image), await home(['run', '--rm', image]), await changes(home, image)];
    expect(Object.keys(all)).toEqual(expect.arrayContaining([`d/sub/${LONG}/${LONG}`, 'd/Grüße 日本 $(x) \\ "q"', 'd/new\nline', 'opaque/new', 'turns/directory', 'full', 'pipe']));
    expect(Object.keys(all).filter(path => /^(gone|opaque\/(old|f)|empty)/.test(path))).toEqual([]);
    expect(all).toMatchObject({ capable: { capability: expect.stringContaining(' ') }, capable2: { capability: expect.stringContaining(' ') }, setuid: { mode: 0o4755, links: ['d/again', 'setuid'] }, epoch: { seconds: 0 }, fraction: { seconds: 1_500_000_000 }, 'd/file': { content: expect.any(String), uid: 0 }, 'd/sub/hard': { uid: 1234 } });

    const same = async (side: Side) => {
      expect(await ids(side, image)).toBe(itself);
      expect(await files(side, image)).toEqual(all);
      expect(await side(['run', '--rm', image])).toBe(said);
      expect(await changes(side, image)).toEqual(changed);
    };
    await carry(home, abroad, image);
    await same(abroad);
    // Neither may take it from what it has still.
    await home(['rmi', image]);
    await carry(abroad, home, image);
    await same(home);
    await abroad(['rmi', image]);
    await carry(home, abroad, image);
    await same(abroad);
  }, 120_000);

  test('is the same image in a lab as at dockerd: files, and what a change of them is', async () => {
    // Times of what RUN wrote are the moment's.
    const timeless = (all: Record<string, unknown>) => Object.fromEntries(Object.entries(all).filter(([path]) => FIRST.some(entry => entry.name.replace(/\/$/, '') === path)).map(([path, file]) => [path, { ...file as object, seconds: 0 }]));
    expect(timeless(await files(ours, NAMES.lab))).toEqual(timeless(await files(there, NAMES.dockerd)));
    expect(await changes(ours, NAMES.lab)).toEqual(await changes(there, NAMES.dockerd));
  });
});
