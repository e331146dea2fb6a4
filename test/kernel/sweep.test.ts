// What a broker that was killed leaves behind is found by the next one: labs with a record go on, and everything else is swept.
// Uses an instance of its own, whose broker it may kill.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { startTime } from '../../runtime/broker/process.ts';
import { brokerVerbs } from '../../runtime/kernel/protocol.ts';
import { poolDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { smallLimits, until } from './host.ts';

const instance = 'sweeptest';
const run = '/run/slipway-sweep';
const root = join(import.meta.dirname, '../..');
let state: string;
let broker: ChildProcess;
let client: RpcClient<typeof brokerVerbs>;

async function start() {
  broker = spawn(process.execPath, [join(root, 'runtime/broker/main.ts')], { env: { ...process.env, SLIPWAY_INSTANCE: instance, SLIPWAY_RUN: run, SLIPWAY_STATE: state, SLIPWAY_APP: root, SLIPWAY_LOG: 'error' }, stdio: ['ignore', 'ignore', 'inherit'] });
  await until(() => new Promise<boolean>(resolve => createConnection(join(run, 'broker.sock')).once('connect', function (this: Socket) { this.destroy(); resolve(true); }).once('error', () => resolve(false))), 'the broker listens', 20_000);
  client = new RpcClient(join(run, 'broker.sock'), brokerVerbs);
}
async function kill() {
  const ended = new Promise(resolve => broker.once('exit', resolve));
  broker.kill('SIGKILL');
  await ended;
  client.close();
}
const cgroupDirs = (lab: string) => findCgroups().hierarchies.map(h => join(h.mount, `slipway-${instance}`, lab));
const create = (lab: string) => client.call('createHost', { lab, host: 'h1', hostname: 'host1', profile: 'strict', limits: smallLimits });

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), 'slipway-sweep-'));
  mkdirSync(run, { recursive: true });
  await start();
});
afterAll(async () => {
  for (const { lab } of await client.call('listHosts', {})) await client.call('disposeLab', { lab });
  const ended = new Promise(resolve => broker.once('exit', resolve));
  client.close();
  broker.kill('SIGTERM');
  await ended;
  for (const dir of [state, run, join(poolDir, 'labs', instance), join(poolDir, 'records', instance)]) rmSync(dir, { recursive: true, force: true });
});

test('a lab lives through the death of the broker and is found again', async () => {
  const { initPid } = await create('kept');
  await kill();
  expect(startTime(initPid)).toBeDefined();
  await start();
  expect(await client.call('listHosts', {})).toMatchObject([{ lab: 'kept', host: 'h1', initPid, alive: true }]);
  await client.call('disposeLab', { lab: 'kept' });
  expect(await client.call('listHosts', {})).toEqual([]);
});

test('a lab whose record is gone is swept: processes, cgroups, disk, uids, directories', async () => {
  const { initPid, uidBase } = await create('stray');
  await kill();
  rmSync(join(state, 'broker', 'stray.json'));
  await start();
  expect(startTime(initPid)).toBeUndefined();
  for (const dir of cgroupDirs('stray')) expect(existsSync(dir), dir).toBe(false);
  for (const dir of [join(poolDir, 'labs', instance, 'stray'), join(poolDir, 'records', instance, 'stray'), join(run, 'labs', 'stray')]) expect(existsSync(dir), dir).toBe(false);
  const owners = readdirSync(join(poolDir, 'uids')).map(name => { try { return readFileSync(join(poolDir, 'uids', name, 'owner'), 'utf8'); } catch { return ''; } });
  expect(owners.filter(owner => owner.startsWith(`${instance}/`))).toEqual([]);
  expect(uidBase).toBeGreaterThan(0);
});

test('a host whose init was killed can be started again on its disk', async () => {
  const { initPid } = await create('again');
  process.kill(initPid, 'SIGKILL');
  await until(() => startTime(initPid) === undefined, 'its init has gone');
  expect(await client.call('listHosts', {})).toMatchObject([{ lab: 'again', alive: false }]);
  await until(async () => create('again').then(() => true, () => false), 'the host starts again');
  expect(await client.call('listHosts', {})).toMatchObject([{ lab: 'again', alive: true }]);
});
