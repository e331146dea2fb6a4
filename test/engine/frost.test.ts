// A frozen lab stands still and costs no time; whatever is to be done with it thaws it, within milliseconds, and nothing that outside does to it ever hangs.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { instance } from '../../runtime/paths.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, outputOf, type TestLab } from './lab.ts';

let lab: TestLab;
let id: string;
beforeAll(async () => {
  lab = await createTestLab('frost', { pull: ['busybox'] });
  id = lab.lab!.id;
});
afterAll(() => lab.dispose());

const system = findCgroups();
const freezer = system.hierarchies.find(h => system.version === 'v2' || h.name.split(',').includes('freezer'))!.mount;
const cgroup = (...path: string[]) => join(freezer, `slipway-${instance}`, id, 'h1', ...path);
const standsStill = () => (system.version === 'v2' ? readFileSync(join(cgroup(), 'cgroup.events'), 'utf8').includes('frozen 1') : readFileSync(join(cgroup(), 'freezer.state'), 'utf8').trim() === 'FROZEN');
const state = async () => (await lab.engine.call('listLabs', {})).find(one => one.id === id)?.state;
const freeze = async () => {
  expect(await lab.engine.call('freezeLab', { lab: id })).toEqual({ frozen: true });
  expect(await state()).toBe('frozen');
  expect(standsStill()).toBe(true);
};

test.skipIf(dockerd)('nothing runs in it, and a key waits until it is thawed', async () => {
  const terminal = await lab.engine.call('openTerminal', { lab: id, host: 'h1', cols: 80, rows: 24, title: 'mine' });
  const shim = await ShimConnection.open(terminal.socketPath);
  let screen = '';
  shim.on('output', (_stream, data) => { screen += data.toString(); });
  shim.subscribe({ ring: true });
  await lab.ok(['run', '-d', '--name', 'counts', 'busybox', 'sh', '-c', 'while :; do echo x; sleep 0.02; done']);
  const length = async () => (await lab.engine.call('containerOutput', { lab: id, host: 'h1', container: 'counts' })).stdout.length;
  await eventually(length, count => count > 4, 'its first words');
  await freeze();
  const [{ cpuNs } = { cpuNs: 0 }] = await lab.engine.call('figures', { labs: [id] });
  const before = await length();
  shim.stdin(Buffer.from('echo thawed-$((1+1))\r'));
  for (let n = 0; n < 20; n++) expect((await lab.engine.call('figures', { labs: [id] }))[0]!.cpuNs).toBe(cpuNs); // as long as twenty readings take
  expect(await length()).toBe(before);
  expect(screen).not.toContain('thawed-2');

  const begun = performance.now();
  await lab.engine.call('thawLab', { lab: id });
  const thawMs = performance.now() - begun;
  await eventually(() => screen, text => text.includes('thawed-2'), 'the answer to a key typed before');
  console.log(`thawed in ${thawMs.toFixed(1)} ms, answered after ${(performance.now() - begun).toFixed(1)} ms`);
  expect(await state()).toBe('running');
  await eventually(length, count => count > before, 'more words');
  shim.close();
});

test.skipIf(dockerd)('a container paused by the learner stays paused', async () => {
  await lab.ok('run -d --name paused busybox sleep 1000');
  await lab.ok('pause paused');
  await freeze();
  await lab.engine.call('thawLab', { lab: id });
  expect(await lab.ok(['inspect', '-f', '{{.State.Status}}', 'paused'])).toBe('paused');
  await lab.ok('unpause paused');
  await lab.ok('exec paused true');
});

test.skipIf(dockerd)('commands, relays and clients from outside thaw it', async () => {
  await freeze();
  const { socketPath } = await lab.engine.call('exec', { lab: id, host: 'h1', argv: ['/bin/echo', 'here'] });
  expect((await outputOf(socketPath)).trim()).toBe('here');
  expect(await state()).toBe('running');
  await freeze();
  await lab.engine.call('relay', { lab: id, host: 'h1' });
  expect(await state()).toBe('running');
  await freeze();
  await lab.ok('stop -t 0 paused');
  expect(await state()).toBe('running');
  await freeze();
  expect(await lab.engine.call('resumeLab', { lab: id })).toMatchObject({ state: 'running' });
});

test.skipIf(dockerd)('a lab that is suspended while it is frozen ends its containers by their signal', async () => {
  await lab.ok('stop -t 0 counts');
  await lab.ok(['run', '-d', '--name', 'polite', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.05; done']);
  await freeze();
  await lab.engine.call('suspendLab', { lab: id });
  expect(await lab.engine.call('freezeLab', { lab: id })).toEqual({ frozen: false });
  await lab.engine.call('resumeLab', { lab: id });
  expect(await lab.ok(['inspect', '-f', '{{.State.ExitCode}}', 'polite'])).toBe('3');
});

test.skipIf(dockerd)('an engine or a broker that was killed finds it, and it moves again', async () => {
  await lab.ok('start counts');
  await freeze();
  await crash('broker');
  expect(await state()).toBe('frozen');
  await lab.ok('exec counts true');
  await freeze();
  await crash('engine');
  expect(await state()).toBe('running');
  expect(standsStill()).toBe(false);
  await lab.ok('exec counts true');
});

test.skipIf(dockerd)('it is disposed of as it stands, also when the lab has frozen a part of itself', async () => {
  const other = await createTestLab('frost-gone', { pull: ['busybox'] });
  const gone = other.lab!.id;
  await other.ok('run -d --name still busybox sleep 1000');
  const own = join(freezer, `slipway-${instance}`, gone, 'h1', 'own');
  mkdirSync(own);
  writeFileSync(join(own, system.version === 'v2' ? 'cgroup.freeze' : 'freezer.state'), system.version === 'v2' ? '1' : 'FROZEN');
  expect(await other.engine.call('freezeLab', { lab: gone })).toEqual({ frozen: true });
  await other.dispose();
  expect(existsSync(join(freezer, `slipway-${instance}`, gone))).toBe(false);
});
