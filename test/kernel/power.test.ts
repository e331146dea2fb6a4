// The machine loses its power: every process is killed at once, and what was not on the disks is gone. Pool and records lie on two disks of the test's own,
// images behind loop devices. An image, copied while it is still mounted, holds what the file system had sent to its device and nothing that was only in
// memory; both write to theirs every five minutes only (commit=300), so nothing is sent but what was asked for by fsync or sync. That is what a disk
// that honours flushes has when its power goes; one that had also kept writes nobody had asked for yet would have more.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { assetsDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { CLIENTS } from '../engine/lab.ts';
import { root } from '../run-instance.ts';
import { until } from './host.ts';

const instance = 'powertest';
const run = '/run/slipway-power';
let dir: string;
let supervisor: ChildProcess;
const at = (name: string) => join(dir, name);
const sh = (script: string, ...args: string[]) => execFileSync('sh', ['-euc', script, 'sh', ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

const MOUNT = 'mount -o loop,commit=300,nosuid,nodev "$1/$3/state.img" "$1/state"; mount -t btrfs -o loop,commit=300,nosuid,nodev,noatime "$1/$3/pool.img" "$1/assets/pool"; exec "$2" --enable-source-maps dist/supervisor.js --without-web';

/** In a mount namespace of its own, so that nothing else keeps the disks mounted. `disks` says which images. */
async function start(disks: string) {
  let words = '';
  supervisor = spawn('unshare', ['--mount', '--propagation', 'slave', 'sh', '-euc', MOUNT, 'power', dir, process.execPath, disks], {
    cwd: root, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, SLIPWAY_INSTANCE: instance, SLIPWAY_RUN: run, SLIPWAY_STATE: at('state/s'), SLIPWAY_ASSETS: at('assets'), SLIPWAY_APP: root, SLIPWAY_POOL: '0', SLIPWAY_POOL_MAX: '0', SLIPWAY_RESERVE_DISK: '0', PORT: '3897' },
  });
  for (const stream of [supervisor.stdout!, supervisor.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { words += text; });
  await until(() => words.includes('Slipway is ready') || supervisor.exitCode !== null, 'it is ready', 60_000);
  if (!words.includes('Slipway is ready')) throw new Error(words);
  return new RpcClient(join(run, 'engine', 'engine.sock'), controlVerbs);
}

/** Everything of the instance, at once. Its cgroups stay, which on a real machine are gone as well. */
async function cutPower(from: string, to: string) {
  // First the copies: nobody can write anything between them and the end that would count.
  mkdirSync(at(to), { recursive: true });
  for (const name of ['state.img', 'pool.img']) sh('cp --sparse=always "$1" "$2"', join(at(from), name), join(at(to), name));
  const mine = () => readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).map(Number).filter(pid => {
    try {
      return pid === supervisor.pid || readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`/slipway-${instance}/`) || (pid !== process.pid && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SLIPWAY_INSTANCE=${instance}\0`));
    } catch {
      return false;
    }
  });
  await until(() => {
    for (const pid of mine()) try { process.kill(pid, 'SIGKILL'); } catch { /* it is gone */ }
    return mine().length === 0;
  }, 'every process is dead', 30_000);
  // A process that has gone from /proc may be in its cgroup a moment longer.
  for (const h of findCgroups().hierarchies) {
    const cgroup = join(h.mount, `slipway-${instance}`);
    await until(() => !existsSync(cgroup) || spawnSync('find', [cgroup, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'], { stdio: 'ignore' }).status === 0, `${cgroup} is removed`, 30_000);
  }
  rmSync(run, { recursive: true, force: true });
}

beforeAll(() => {
  dir = mkdtempSync('/var/tmp/slipway-power-');
  sh(`chmod 755 "$1"; mkdir -p "$1/one" "$1/state" "$1/assets/pool" "$1/make"
for dir in library toolbox; do cp -al "$2/$dir" "$1/assets/$dir" || cp -a "$2/$dir" "$1/assets/$dir"; done
truncate -s 6G "$1/one/pool.img"; mkfs.btrfs -q "$1/one/pool.img"; truncate -s 256M "$1/one/state.img"; mkfs.ext4 -q -E lazy_itable_init=0 "$1/one/state.img"
mount -o loop,noatime "$1/one/pool.img" "$1/make"; for dir in store workstation; do cp -a "$2/pool/$dir" "$1/make/$dir"; done; umount "$1/make"`, dir, assetsDir);
}, 120_000);
afterAll(async () => {
  supervisor?.kill('SIGTERM');
  if (supervisor?.exitCode === null && supervisor.signalCode === null) await new Promise(resolve => supervisor.once('exit', resolve));
  rmSync(run, { recursive: true, force: true });
  rmSync(dir, { recursive: true, force: true });
});

test('labs open with what was on the disks; of one that was not there yet it is said', { timeout: 240_000 }, async () => {
  let engine = await start('one');
  const create = async (name: string) => (await engine.call('createLab', { name })).id;
  const docker = (lab: string, ...args: string[]) => execFileSync(CLIENTS[26], args, { env: { PATH: process.env.PATH, HOME: dir, DOCKER_HOST: `unix://${join(run, 'labs', lab, 'h1', 'api', 'docker.sock')}`, DOCKER_BUILDKIT: '0' } as unknown as NodeJS.ProcessEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const inHost = async (lab: string, script: string) => {
    const shim = await ShimConnection.open((await engine.call('exec', { lab, host: 'h1', argv: ['/bin/sh', '-c', script] })).socketPath);
    let text = '';
    shim.on('output', (_stream, data) => { text += data.toString(); });
    shim.subscribe({ ring: false });
    shim.go();
    await new Promise(resolve => shim.once('end', resolve));
    return text.trim();
  };
  const journal = async (lab: string) => (await engine.call('evidence', { lab, host: 'h1' })).seq;

  const old = await create('old');
  const moved = await create('moved');
  docker(old, 'run', '-d', '--name', 'runs', 'busybox', 'sh', '-c', 'echo up; sleep 1000');
  docker(old, 'run', '-d', '--name', 'again', '--restart', 'unless-stopped', 'busybox', 'sleep', '1000');
  docker(old, 'run', '--name', 'ended', 'busybox', 'sh', '-c', 'echo kept > /file; true');
  await inHost(old, 'echo early > /root/early');
  sh('nsenter -t "$1" -m sync -f "$2"; nsenter -t "$1" -m sync -f "$3"', String(supervisor.pid), at('assets/pool'), at('state'));
  // From here on nothing is on the disks but what we saw to ourselves.
  await inHost(old, 'echo late > /root/late');
  docker(old, 'commit', 'ended', 'late-image');
  docker(old, 'run', '-d', '--name', 'late', 'busybox', 'sleep', '1000');
  const unborn = await create('unborn');
  const last = await journal(old);
  await new Promise(resolve => setTimeout(resolve, 1_500)); // what is written soon is written by then
  await cutPower('one', 'two');
  engine.close();

  engine = await start('two');
  const labs = await engine.call('listLabs', {});
  expect(labs.map(lab => [lab.name, lab.state])).toEqual([['old', 'suspended'], ['moved', 'suspended'], ['unborn', 'suspended']]);
  expect(await inHost(old, 'cat /root/early; cat /root/late 2>/dev/null || echo no more')).toBe('early\nno more');
  await until(() => docker(old, 'inspect', '-f', '{{.State.Status}}', 'again') === 'running', 'the restart policy has started it');
  expect(docker(old, 'ps', '-a', '--format', '{{.Names}} {{.State}}').split('\n').sort()).toEqual(['again running', 'ended exited', 'late exited', 'runs exited']);
  expect(docker(old, 'inspect', '-f', '{{.State.ExitCode}} {{.State.Error}}', 'runs')).toMatch(/^255 .*how it would have ended is not known/);
  expect(docker(old, 'logs', 'runs')).toBe('up');
  expect(docker(old, 'images', '--format', '{{.Repository}}')).toBe('busybox'); // the files of the other one were not written
  docker(old, 'start', 'runs', 'late');
  expect(docker(old, 'run', '--rm', 'busybox', 'echo', 'works')).toBe('works');
  expect(await journal(old)).toBeGreaterThan(last);
  expect(await inHost(moved, 'hostname')).toBe('host1');
  await expect(engine.call('resumeLab', { lab: unborn })).rejects.toThrow(`the disk of lab ${unborn} is lost: it was not written yet when the machine lost its power`);
  for (const { id } of labs) await engine.call('disposeLab', { lab: id });
  expect(existsSync(join(run, 'labs', old))).toBe(false);
  engine.close();
});
