// The whole service is stopped and started again: every lab is suspended meanwhile, and opened by who uses it. Uses an instance of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { poolDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';

const instance = 'stoptest';
const run = '/run/slipway-stop';
const state = mkdtempSync('/var/tmp/slipway-stop-');
const root = join(import.meta.dirname, '../..');
let supervisor: ChildProcess | undefined;

async function start() {
  const child = spawn(process.execPath, ['dist/supervisor.js', '--without-web'], { cwd: root, env: { ...process.env, SLIPWAY_INSTANCE: instance, SLIPWAY_RUN: run, SLIPWAY_STATE: state, SLIPWAY_APP: root, SLIPWAY_POOL: '1', SLIPWAY_POOL_MAX: '1', PORT: '3999' }, stdio: ['ignore', 'pipe', 'inherit'] });
  supervisor = child;
  await new Promise<void>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => { if ((text += chunk).includes('Slipway is ready')) resolve(); });
    child.once('exit', () => {
      supervisor = undefined;
      reject(new Error(text));
    });
  });
  return new RpcClient(join(run, 'engine', 'engine.sock'), controlVerbs);
}
async function stop() {
  const ended = new Promise(resolve => supervisor?.once('exit', resolve));
  supervisor?.kill('SIGTERM');
  await ended;
  supervisor = undefined;
}
const cgroup = (lab: string) => findCgroups().hierarchies.map(h => join(h.mount, `slipway-${instance}`, lab)).filter(existsSync);

afterAll(async () => {
  if (supervisor) await stop();
  for (const dir of [state, run, join(poolDir, 'labs', instance), join(poolDir, 'records', instance)]) rmSync(dir, { recursive: true, force: true });
});

test('SIGTERM suspends every lab; the next start finds them, and gives back those that nobody had', async () => {
  let engine = await start();
  const labs = await Promise.all(['a', 'b', 'c'].map(name => engine.call('createLab', { name })));
  engine.close();
  await stop();
  expect(labs.flatMap(lab => cgroup(lab.id))).toEqual([]);
  engine = await start();
  const found = await engine.call('listLabs', {});
  expect(found.map(lab => [lab.name, lab.state]).sort()).toEqual([['a', 'suspended'], ['b', 'suspended'], ['c', 'suspended']]);
  expect(await engine.call('resumeLab', { lab: labs[0]!.id })).toMatchObject({ state: 'running' });
  expect(cgroup(labs[0]!.id)).not.toEqual([]);
  for (const { id } of found) await engine.call('disposeLab', { lab: id });
  engine.close();
});
