// A suspended lab has no process and keeps all that a machine keeps when it is shut down; opened again it is as a machine that has booted.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { brokerVerbs } from '../../runtime/kernel/protocol.ts';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { brokerSocket, instance } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, type TestLab, outputOf } from './lab.ts';

let lab: TestLab;
let id: string;
beforeAll(async () => {
  lab = await createTestLab('suspend', { pull: ['busybox'] });
  id = lab.lab!.id;
});
afterAll(() => lab.dispose());

const onHost = async (script: string) => {
  const { socketPath } = await lab.engine.call('exec', { lab: id, host: 'h1', argv: ['/bin/sh', '-c', script] });
  return (await outputOf(socketPath)).trim();
};
const cgroups = () => findCgroups().hierarchies.map(h => join(h.mount, `slipway-${instance}`, id)).filter(existsSync);
const state = async (name: string) => lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}', name]);

test.skipIf(dockerd)('files, volumes, images, containers and screens are there again', async () => {
  await onHost('echo kept > /root/file');
  await lab.ok(['run', '-d', '--name', 'polite', 'busybox', 'sh', '-c', 'trap "echo asked to stop; exit 3" TERM; echo up; while :; do sleep 0.05; done']);
  await lab.ok(['run', '-d', '--name', 'always', '--restart', 'always', '-p', '8081:80', '-v', 'data:/data', 'busybox', 'sh', '-c', 'date >> /data/starts; trap "exit 0" TERM; while :; do sleep 0.05; done']);
  await lab.ok(['run', '-d', '--name', 'unless', '--restart', 'unless-stopped', 'busybox', 'sleep', '1000']);
  await lab.ok(['stop', '-t', '0', 'unless']);
  await lab.ok(['create', '--name', 'never', 'busybox', 'true']);
  const address = await lab.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.NetworkID}}', 'always']);
  const terminal = await lab.engine.call('openTerminal', { lab: id, host: 'h1', cols: 80, rows: 24, title: 'mine' });
  const shim = await ShimConnection.open(terminal.socketPath);
  let screen = '';
  shim.on('output', (_stream, data) => { screen += data.toString(); });
  shim.subscribe({ ring: true });
  shim.stdin(Buffer.from('echo on the $((1+1))nd screen\r'));
  await eventually(() => screen, text => text.includes('on the 2nd screen'), 'the echo');
  await eventually(() => lab.ok('logs polite'), log => log === 'up', 'its first word');

  await lab.engine.call('suspendLab', { lab: id });
  await lab.engine.call('suspendLab', { lab: id });
  expect(cgroups()).toEqual([]);
  expect((await lab.engine.call('listLabs', {})).find(one => one.id === id)).toMatchObject({ state: 'suspended', hosts: [{ state: 'stopped' }] });
  expect((await lab.engine.call('inspectLab', { lab: id })).usage).toMatchObject({ memoryBytes: 0, pids: 0 });
  expect((await lab.engine.call('inspectLab', { lab: id })).usage.diskBytes).toBeGreaterThan(0);
  await crash('engine');
  expect((await lab.engine.call('listLabs', {})).find(one => one.id === id)).toMatchObject({ state: 'suspended' });

  expect(await lab.engine.call('resumeLab', { lab: id })).toMatchObject({ id, state: 'running' });
  expect(await onHost('cat /root/file; hostname')).toBe('kept\nhost1');
  expect(await state('polite')).toBe('exited 3 0');
  expect(await lab.ok('logs polite')).toBe('up\nasked to stop');
  expect(await state('never')).toBe('created 0 0');
  expect(await state('unless')).toBe('exited 137 0');
  await eventually(() => state('always'), text => text.startsWith('running'), 'its start at boot');
  expect(await lab.ok(['inspect', '-f', '{{.NetworkSettings.Networks.bridge.NetworkID}}', 'always'])).toBe(address);
  await eventually(() => lab.ok('exec always cat /data/starts'), text => text.split('\n').length === 2, 'a second start in the volume');
  expect(await lab.ok('run --rm busybox echo works')).toBe('works');
  const [reopened, ...more] = await lab.engine.call('listTerminals', { lab: id });
  expect(more).toEqual([]);
  expect(reopened).toMatchObject({ title: 'mine' });
  let again = '';
  const connection = await ShimConnection.open(reopened!.socketPath);
  connection.on('output', (_stream, data) => { again += data.toString(); });
  connection.subscribe({ ring: true });
  await eventually(() => again, text => /on the 2nd screen[^]*The lab was suspended here[^]*root@host1[^]*# $/.test(text.replaceAll(/\x1b\[[\d;?]*[a-zA-Z]/g, '')), 'the old screen above a prompt');
  connection.close();
});

test.skipIf(dockerd)('a machine that lost its power: the lab waits, says what ended, and opens', async () => {
  const broker = new RpcClient(brokerSocket, brokerVerbs);
  const initPid = (await broker.call('listHosts', {})).find(host => host.lab === id)!.initPid!;
  await lab.docker(['rm', '-f', 'always']);
  await lab.ok(['run', '-d', '--name', 'cut', '--restart', 'on-failure', 'busybox', 'sleep', '1000']);
  await lab.ok(['run', '-d', '--name', 'plain', 'busybox', 'sleep', '1000']);
  execFileSync('kill', ['-9', String(initPid)]); // every process of the host goes with it
  await crash('engine');
  expect((await lab.engine.call('listLabs', {})).find(one => one.id === id)).toMatchObject({ state: 'suspended' });
  expect(await onHost('cat /root/file')).toBe('kept'); // whatever needs it opens it
  expect(await state('plain')).toBe('exited 255 0');
  expect(await lab.ok(['inspect', '-f', '{{.State.Error}}', 'plain'])).toContain('how it would have ended is not known');
  await eventually(() => state('cut'), text => text.startsWith('running'), 'a start after it was cut off');
  broker.close();
});

test.skipIf(dockerd)('a waiting lab is had at once', async () => {
  await lab.engine.call('pool', { min: 2, max: 2 });
  const ready = () => lab.engine.call('pool', {}).then(pool => pool.ready);
  await eventually(ready, count => count === 2, 'two ready labs');
  expect((await lab.engine.call('listLabs', {})).map(one => one.id)).toEqual([id]);
  const start = performance.now();
  const taken = await lab.engine.call('createLab', { name: 'taken' });
  const ms = performance.now() - start;
  expect(await lab.engine.call('listTerminals', { lab: taken.id })).toMatchObject([{ title: 'Terminal 1' }]);
  expect(taken).toMatchObject({ name: 'taken', state: 'running', hosts: [{ hostname: 'host1' }] });
  expect(ms).toBeLessThan(100);
  await eventually(ready, count => count === 2, 'the place taken again');
  await crash('engine');
  await lab.engine.call('pool', { min: 0, max: 0 });
  await eventually(ready, count => count === 0, 'an empty pool');
  await lab.engine.call('disposeLab', { lab: taken.id });
});
