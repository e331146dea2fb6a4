// Images that a lab makes: commit, import, save and load, and what becomes of their layers. Expectations come from dockerd.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { labDisksDir } from '../../runtime/paths.ts';
import { askCapable, CAPABLE, capableLayer, HOSTILE, savedImage, tar } from './archives.ts';
import { createTestLab, dockerd, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
const here = mkdtempSync(join(tmpdir(), 'slipway-made-'));
beforeAll(async () => {
  lab = await createTestLab('made', { pull: ['busybox'] });
  await lab.ok(['run', '--name', 'work', 'busybox', 'sh', '-c', 'mkdir -p /d/e; echo x > /d/e/f; rm /bin/ls; rm -r /root; mkdir /root; echo > /root/q; ln /d/e/f /hard; ln -s /d /l; chmod 4755 /hard']);
});
afterAll(async () => {
  rmSync(here, { recursive: true });
  await lab.dispose();
});

const LOOK = 'cat /l/e/f /hard; echo /root/*; [ -e /bin/ls ] || echo gone; stat -c %a:%h /hard';
const SEEN = 'x\nx\n/root/q\ngone\n4755:2';
const digests = (image: string) => lab.ok(['image', 'inspect', '-f', '{{.Id}} {{.RootFS.Layers}}', image]);

test('commit keeps the changes, also what was deleted, with author, message and changes of the configuration', async () => {
  expect(await lab.ok(['commit', '-m', 'msg', '-a', 'auth', '-c', 'ENV Q=1', '-c', 'CMD ["x"]', 'work', 'mine:1'])).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await lab.ok(['image', 'inspect', '-f', '{{.Comment}} {{.Author}} {{.Config.Cmd}} {{len .RootFS.Layers}}', 'mine:1'])).toBe('msg auth [x] 2');
  expect(await lab.ok(['image', 'inspect', '-f', '{{json .Config.Env}}', 'mine:1'])).toContain('"Q=1"');
  expect(await lab.ok(['run', '--rm', 'mine:1', 'sh', '-c', LOOK])).toBe(SEEN);
  expect((await lab.ok(['history', '--format', '{{.Comment}}|{{.CreatedBy}}', 'mine:1'])).split('\n')[0]).toMatch(/^msg\|sh -c mkdir/);
});

test('commit of nothing, and with a change that is none', async () => {
  expect(await lab.docker(['commit', 'nope'])).toMatchObject({ code: 1, stderr: 'Error response from daemon: No such container: nope\n' });
  expect(await lab.docker(['commit', '-c', 'RUN x', 'work'])).toMatchObject({ code: 1, stderr: 'Error response from daemon: RUN is not a valid change command\n' });
});

test('a running container pauses for commit and goes on', async () => {
  await lab.ok(['run', '-d', '--name', 'busy', 'busybox', 'sh', '-c', 'echo 1 > /one; sleep 1000']);
  await eventually(() => lab.docker(['exec', 'busy', 'cat', '/one']), ({ code }) => code === 0, 'the file');
  await lab.ok('commit busy busy:1');
  expect(await lab.ok(['inspect', '-f', '{{.State.Status}}', 'busy'])).toBe('running');
  expect(await lab.ok('run --rm busy:1 cat /one')).toBe('1');
  await lab.ok('rm -f busy');
  await lab.ok('rmi busy:1');
});

test('what is saved loads again with the same digests, plain or compressed, several images in one archive', async () => {
  await lab.ok('tag mine:1 mine:2');
  const before = await digests('mine:1');
  const file = join(here, 'saved.tar');
  await lab.ok(['save', '-o', file, 'mine:1', 'mine:2', 'busybox']);
  const saved = readFileSync(file);
  for (const archive of [saved, gzipSync(saved)]) {
    await lab.ok('rmi mine:1 mine:2');
    expect((await lab.ok('load', { stdin: archive })).split('\n').sort()).toEqual(['Loaded image: busybox:latest', 'Loaded image: mine:1', 'Loaded image: mine:2']);
    expect(await digests('mine:2')).toBe(before);
    expect(await lab.ok(['run', '--rm', 'mine:1', 'sh', '-c', LOOK])).toBe(SEEN);
  }
  await lab.ok(['save', '-o', `${file}.again`, 'mine:1', 'mine:2', 'busybox']);
  expect(readFileSync(`${file}.again`).length).toBe(saved.length);
  expect(await lab.docker(['save', 'nope'])).toMatchObject({ code: 1, stderr: 'Error response from daemon: No such image: nope\n' });
});

test('export and import make one layer of all, with what -c says', async () => {
  await lab.ok(['export', '-o', join(here, 'all.tar'), 'work']);
  await lab.ok(['import', '-c', 'ENV a=1', '-m', 'mm', join(here, 'all.tar'), 'flat:1']);
  expect(await lab.ok(['image', 'inspect', '-f', '{{.Comment}} {{json .Config.Env}} {{len .RootFS.Layers}}', 'flat:1'])).toBe('mm ["a=1"] 1');
  expect(await lab.ok(['run', '--rm', 'flat:1', 'sh', '-c', LOOK])).toBe(SEEN);
  await lab.ok('rmi flat:1');
});

test('capabilities of a file, attributes and hard links survive import, commit, cp, builds, save and load, export', async () => {
  const layer = await capableLayer();
  const seen = async (image: string) => lab.ok(askCapable(image));
  await lab.ok('import - caps:import', { stdin: layer });
  await lab.ok('create --name caps caps:import x');
  await lab.ok('commit caps caps:commit');
  await lab.ok(['build', '-q', '-t', 'caps:build', '-'], { stdin: await tar([{ name: 'Dockerfile', body: 'FROM busybox\nADD caps.tar /\nRUN mkdir /more\n' }, { name: 'caps.tar', body: layer }]), env: { DOCKER_BUILDKIT: '0' } });
  await lab.ok('create --name copied busybox');
  await lab.ok('cp - copied:/', { stdin: layer });
  await lab.ok('commit copied caps:copied');
  await lab.ok(['export', '-o', join(here, 'caps.tar'), 'copied']);
  await lab.ok(['import', join(here, 'caps.tar'), 'caps:export']);
  const images = ['import', 'commit', 'build', 'copied', 'export'].map(tag => `caps:${tag}`);
  for (const image of images) expect([image, await seen(image)]).toEqual([image, CAPABLE]);
  await lab.ok(['save', '-o', join(here, 'caps.save'), ...images]);
  await lab.ok('rm caps copied');
  await lab.ok(['rmi', ...images]);
  await lab.ok(['load', '-q', '-i', join(here, 'caps.save')]);
  for (const image of images) expect([image, await seen(image)]).toEqual([image, CAPABLE]);
  await lab.ok(['rmi', ...images]);
});

test('an image whose parent was made here shows it in its history, and takes it along when it goes', async () => {
  await lab.ok(['run', '--name', 'child', 'mine:1', 'sh', '-c', 'echo > /more']);
  await lab.ok('commit child more:1');
  await lab.ok('rm child');
  const [top, below] = (await lab.ok(['history', '-q', '--no-trunc', 'more:1'])).split('\n');
  expect([top, below]).toEqual([await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'more:1']), await lab.ok(['image', 'inspect', '-f', '{{.Id}}', 'mine:1'])]);
  await lab.ok('rmi mine:1 mine:2');
  expect((await lab.ok('rmi more:1')).split('\n').filter(line => line.startsWith('Deleted: '))).toHaveLength(4);
});

test.skipIf(dockerd !== undefined)('layers that nothing has any more are gone from the lab\'s disk', async () => {
  await lab.ok('commit work short:1');
  const disk = join(labDisksDir, lab.lab!.id, lab.lab!.hosts[0]!.id, 'docker');
  const layers = () => readdirSync(join(disk, 'overlay2')).filter(name => name.length === 24);
  expect(layers().length).toBeGreaterThan(0);
  await lab.ok('rmi short:1');
  await eventually(layers, left => left.length === 0, 'the removal of layers');
  expect(existsSync(join(disk, 'tmp')) ? readdirSync(join(disk, 'tmp')) : []).toEqual([]);
});

const BROKEN: [what: string, archive: Buffer, said: RegExp][] = [
  ['is none', Buffer.from('bad'), /unexpected EOF/],
  ['has no manifest', await tar([{ name: 'x', body: '1' }]), /manifest\.json: no such file or directory/],
  ['has a link for a manifest', await tar([{ name: 'manifest.json', type: 'symlink', linkname: '/etc/passwd' }]), /manifest\.json: no such file or directory/],
  ['names a configuration outside', await tar([{ name: 'manifest.json', body: '[{"Config":"../../../../etc/passwd","Layers":[]}]' }]), /etc\/passwd: no such file or directory/],
  ['has a manifest of another shape', await tar([{ name: 'manifest.json', body: '{"a":1}' }]), /manifest\.json/],
  ['has a layer of another content', await savedImage('bad:3', await tar([{ name: 'f', body: 'x' }]), { diffId: `sha256:${'0'.repeat(64)}` }), /invalid diffID for layer: expected sha256:0{64}, got sha256:/],
];

describe('an archive that', () => {
  test.each(HOSTILE)('%s is refused by import and load, or harms nobody', async (_does, entries, said) => {
    const layer = await tar(entries);
    const shadow = readFileSync('/etc/shadow');
    const answers = [await lab.docker(['import', '-', 'bad:1'], { stdin: layer }), await lab.docker(['load'], { stdin: await savedImage('bad:2', layer) })];
    for (const { code, stderr } of answers) {
      if (said) expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
      else expect([code, stderr]).toEqual([0, '']);
    }
    expect(readFileSync('/etc/shadow').equals(shadow)).toBe(true);
    expect(existsSync('/outside')).toBe(false);
    expect(await lab.ok('run --rm busybox echo fine')).toBe('fine');
  });

  test.each(BROKEN)('%s cannot be loaded', async (_does, archive, said) => {
    expect(await lab.docker(['load'], { stdin: archive })).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
    expect((await lab.docker(['image', 'inspect', 'bad:3'])).code).toBe(1);
  });

  test.skipIf(dockerd !== undefined)('brings an opaque directory hides nothing of the image below it', async () => {
    await lab.ok(['build', '-q', '-t', 'opaque', '-'], { stdin: await tar([{ name: 'Dockerfile', body: 'FROM busybox\nADD evil.tar /\n' }, { name: 'evil.tar', body: await tar(HOSTILE.at(-1)![1]) }]) });
    expect(await lab.ok('run --rm opaque ls /bin/sh')).toBe('/bin/sh');
  });
});
