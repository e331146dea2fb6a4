// The engine is killed in the midst of a pull, push, load, build, commit, save and cp: nothing half-made is kept or shown, and the same command works at once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, outputOf, type Running, type TestLab } from './lab.ts';

let lab: TestLab;
let dir: string;
const BIG = 16 << 20; // bytes; long enough to be met half-way
beforeAll(async () => {
  lab = await createTestLab('interrupted', { pull: ['busybox', 'registry:2'] });
  dir = mkdtempSync(join(tmpdir(), 'slipway-interrupted-'));
  await lab.ok(['run', '--name', 'big', 'busybox', 'sh', '-c', `head -c ${BIG} /dev/urandom > /big; mkdir /many; for i in $(seq 2000); do echo $i > /many/$i; done`]);
  await lab.ok('commit big made');
  await lab.ok(['save', '-o', join(dir, 'made.tar'), 'made']);
  await lab.ok('rmi made');
  await lab.ok(['cp', 'big:/big', join(dir, 'big')]);
  writeFileSync(join(dir, 'Dockerfile'), 'FROM busybox\nCOPY big /big\nRUN for i in $(seq 1000); do echo $i > /f$i; done\nRUN sleep 0.3; echo done > /done\n');
}, 120_000);
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  await lab.dispose();
});

const inHost = async (script: string) => {
  const { socketPath } = await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/bin/sh', '-c', script] });
  return (await outputOf(socketPath)).trim();
};
/** All that work leaves behind, but for containers and images that are there. */
const onDisk = () => inHost('cd /var/lib/docker; ls tmp 2>/dev/null; ls overlay2 sandboxes | sort; grep -c /var/lib/docker/tmp /proc/self/mountinfo');
const images = () => lab.ok(['images', '-a', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}']);
const containers = () => lab.ok(['ps', '-a', '--format', '{{.Names}} {{.State}}']);

interface Work { what: string; start(): Running; again(): Promise<unknown>; undo?: () => Promise<unknown> }
const archive = () => join(dir, 'made.tar');
const works: Work[] = [
  { what: 'pull', start: () => lab.start(['pull', 'debian']), again: () => lab.ok('pull -q debian'), undo: () => lab.ok('rmi debian') },
  { what: 'load', start: () => lab.start(['load', '-i', archive()]), again: () => lab.ok(['load', '-q', '-i', archive()]), undo: () => lab.ok('rmi made') },
  { what: 'build', start: () => lab.start(['build', '-t', 'built', dir], { env: { DOCKER_BUILDKIT: '0' } }), again: () => lab.ok(['build', '-q', '--no-cache', '-t', 'built', dir], { env: { DOCKER_BUILDKIT: '0' } }), undo: async () => { await lab.ok('rmi built'); await lab.docker(['builder', 'prune', '-af']); await lab.docker(['image', 'prune', '-f']); } },
  { what: 'commit', start: () => lab.start(['commit', 'big', 'committed']), again: () => lab.ok('commit big committed'), undo: () => lab.ok('rmi committed') },
  { what: 'save', start: () => lab.start(['save', '-o', join(dir, 'saved.tar'), 'busybox']), again: () => lab.ok(['save', '-o', join(dir, 'saved.tar'), 'busybox']) },
  { what: 'cp out', start: () => lab.start(['cp', 'big:/', join(dir, 'out')]), again: async () => { rmSync(join(dir, 'out'), { recursive: true, force: true }); await lab.ok(['cp', 'big:/many', join(dir, 'out')]); } },
  { what: 'cp in', start: () => lab.start(['cp', join(dir, 'big'), 'big:/copied']), again: () => lab.ok(['cp', join(dir, 'big'), 'big:/copied']) },
];

/** Milliseconds after the client's start: with luck before, within and after its work. */
const MOMENTS = process.env.SLIPWAY_CRASH_POINTS === 'all' ? [20, 60, 100, 150, 200, 300, 400, 600, 800, 1200] : [80, 250];

test.skipIf(dockerd).each(works)('$what', { timeout: MOMENTS.length * 30_000 }, async ({ start, again, undo }) => {
  await again(); // the directories that are made once
  await undo?.();
  await eventually(onDisk, names => !/^[0-9a-f]{24}$/m.test(names), 'that the layers of removed images are gone');
  const before = { images: await images(), containers: await containers(), disk: await onDisk() };
  for (const ms of MOMENTS) {
    const client = start();
    await delay(ms);
    await crash('engine');
    await client.ended;
    await eventually(() => lab.docker(['version']), ({ code }) => code === 0, 'the engine');
    if ((await images()) !== before.images) { // it was done, perhaps without an answer; or a build had finished some steps
      await undo?.();
      await eventually(onDisk, disk => disk === before.disk, 'that the layers of removed images are gone');
    }
    expect({ images: await images(), containers: await containers(), disk: await onDisk() }, `${ms} ms`).toEqual(before);
    expect(await inHost('ps -eo args | grep -cE "[t]ar -[cx]|[s]ha256sum|[h]ead -c"')).toBe('0');
    await again();
    await undo?.();
  }
});

test.skipIf(dockerd)('push', { timeout: MOMENTS.length * 30_000 }, async () => {
  const image = 'localhost:5000/committed';
  await lab.ok(`commit big ${image}`);
  for (const ms of MOMENTS) {
    await lab.docker(['rm', '-fv', 'registry']); // an empty one each time: what it has is not sent again
    await lab.ok('run -d -p 5000:5000 --name registry registry:2');
    await eventually(() => lab.docker(['pull', 'localhost:5000/nothing']), ({ stderr }) => stderr.includes('not found'), 'the registry answers');
    const client = lab.start(['push', image]);
    await delay(ms);
    await crash('engine');
    await client.ended;
    await eventually(() => lab.docker(['version']), ({ code }) => code === 0, 'the engine');
    expect(await inHost('ls /var/lib/docker/tmp 2>/dev/null; ps -eo args | grep -cE "[t]ar -[cx]|[s]ha256sum|[g]zip"'), `${ms} ms`).toBe('0');
    // There is a tag when all of it is there, and not before.
    const { code, stderr } = await lab.docker(['pull', '-q', image]);
    if (code !== 0) expect(stderr).toContain('manifest unknown');
    const digest = /sha256:[0-9a-f]{64}/.exec(await lab.ok(`push ${image}`))![0];
    await lab.ok(['rmi', '-f', image]);
    expect(await lab.ok(`pull ${image}@${digest}`)).toContain(`Digest: ${digest}`);
    expect(await lab.ok(['run', '--rm', `${image}@${digest}`, 'sh', '-c', 'cat /big /many/* | wc -c'])).toBe(String(BIG + 8893));
    await lab.ok(`tag ${image}@${digest} ${image}`);
  }
});
