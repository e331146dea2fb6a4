// The whole service as it is installed by default: records and assets in one directory, ready labs waiting, the operator's own command. It runs on a copy
// of that layout in a mount namespace of its own, whose assets are the machine's, so that it meets no instance that is really installed.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Lab } from '../../runtime/lab/control.ts';
import { assetsDir, poolDir } from '../../runtime/paths.ts';
import { CLIENTS } from '../engine/lab.ts';
import { root, until } from '../run-instance.ts';

const instance = 'installed';
const run = '/run/slipway-installed';
let home: string;
let service: ChildProcess;
let words = '';
const env = (): NodeJS.ProcessEnv => ({ ...process.env, SLIPWAY_INSTANCE: instance, SLIPWAY_RUN: run, SLIPWAY_STATE: home, SLIPWAY_ASSETS: home, SLIPWAY_APP: root, SLIPWAY_POOL: '2', SLIPWAY_POOL_MAX: '2', PORT: '3898' });

/** $1 is what set-up has made, $2 is the copy's directory: links to all its files, and the pool mounted where a default start mounts it. */
const LAYOUT = 'for dir in library toolbox; do [ -e "$2/$dir" ] || cp -al "$1/$dir" "$2/$dir" || cp -a "$1/$dir" "$2/$dir"; done; mkdir -p "$2/pool"; mount --bind "$1/pool" "$2/pool"; shift 2; exec "$@"';

async function start() {
  words = '';
  service = spawn('unshare', ['--mount', '--propagation', 'slave', 'sh', '-euc', LAYOUT, 'layout', assetsDir, home, process.execPath, '--enable-source-maps', 'dist/supervisor.js'], { cwd: root, env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [service.stdout!, service.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { words += text; });
  await until(() => words.includes('Slipway is ready') || service.exitCode !== null, 60_000);
  if (!words.includes('Slipway is ready')) throw new Error(words);
}
async function ended() {
  if (service.exitCode === null && service.signalCode === null) await new Promise(resolve => service.once('exit', resolve));
}
const slipway = (...args: string[]) => execFileSync(process.execPath, [join(root, 'bin', 'slipway'), ...args], { env: env(), encoding: 'utf8' });
const docker = (lab: Lab, ...args: string[]) => execFileSync(CLIENTS[26], args, { env: { PATH: process.env.PATH, HOME: home, DOCKER_HOST: `unix://${join(run, 'labs', lab.id, 'h1', 'api', 'docker.sock')}` } as unknown as NodeJS.ProcessEnv, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
const labs = () => JSON.parse(slipway('lab', 'ls', '--json')) as Lab[];
const create = (name: string) => JSON.parse(slipway('lab', 'create', '--name', name, '--json')) as Lab & { dockerHost: string };
const find = (id: string) => labs().find(lab => lab.id === id)!;
const isReady = () => until(() => (JSON.parse(slipway('status', '--json')) as { pool: { ready: number } }).pool.ready === 2, 60_000);

beforeAll(() => {
  home = mkdtempSync('/var/tmp/slipway-installed-');
  execFileSync('chmod', ['755', home]);
  mkdirSync(run, { recursive: true });
});
afterAll(async () => {
  service?.kill('SIGTERM');
  if (service) await ended();
  for (const dir of [run, join(poolDir, 'labs', instance), join(poolDir, 'records', instance), home]) rmSync(dir, { recursive: true, force: true });
});

test('labs from the ready ones run containers, whose records the engine sees; stopped and started again, they are there', async () => {
  await start();
  await isReady();
  const made = ['one', 'two', 'three'].map(create);
  expect(made[0]!.dockerHost).toMatch(/^unix:\/\//);
  for (const { id } of made) {
    const lab = find(id);
    expect(docker(lab, 'run', '--name', 'ran', 'busybox', 'sh', '-c', 'echo seen; exit 0')).toBe('seen');
    expect(docker(lab, 'logs', 'ran')).toBe('seen');
  }
  expect(slipway('lab', 'exec', made[0]!.id, '--no-tty', '--', 'sh', '-c', 'echo kept > /root/file; docker ps -aq | wc -l').trim()).toBe('1');
  expect((await fetch('http://localhost:3898/healthz')).status).toBe(200);

  slipway('stop');
  await ended();
  expect(service.exitCode).toBe(0);
  await start();
  expect(labs().map(lab => [lab.name, lab.state])).toEqual([['one', 'suspended'], ['two', 'suspended'], ['three', 'suspended']]);
  expect(slipway('lab', 'exec', made[0]!.id, '--no-tty', '--', 'cat', '/root/file').trim()).toBe('kept');
  expect(docker(find(made[0]!.id), 'logs', 'ran')).toBe('seen');
}, 180_000);

test('its supervisor is killed and started again at once: the old processes are gone before the new ones begin, and every socket is the new ones\'', async () => {
  await isReady();
  const [lab] = labs();
  docker(lab!, 'run', '-d', '--name', 'goes-on', 'busybox', 'sh', '-c', 'i=0; while :; do echo $i; i=$((i+1)); usleep 50000; done');
  for (let round = 0; round < 2; round++) {
    const engines = servicePids('engine');
    if (round === 1) process.kill(engines[0]!, 'SIGSTOP'); // one that hangs
    service.kill('SIGKILL');
    await ended();
    await start();
    expect(servicePids('engine').filter(pid => engines.includes(pid))).toEqual([]);
    expect(servicePids('engine')).toHaveLength(1);
    expect(docker(find(lab!.id), 'inspect', '-f', '{{.State.Status}}', 'goes-on')).toBe('running');
    const fresh = create(`round${round}`);
    expect(docker(find(fresh.id), 'run', '--rm', 'busybox', 'echo', 'works')).toBe('works');
    expect(slipway('lab', 'exec', fresh.id, '--no-tty', '--', 'docker', 'ps', '-q')).toBe('');
  }
  const numbers = docker(find(lab!.id), 'logs', 'goes-on').split('\n').map(Number);
  expect(numbers).toEqual(numbers.map((_, n) => n));
  slipway('stop', '--labs');
  await ended();
}, 180_000);

/** Of this instance. */
function servicePids(name: string): number[] {
  return readdirSync('/proc').filter(pid => /^\d+$/.test(pid)).filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`dist/${name}.js`) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`SLIPWAY_INSTANCE=${instance}\0`);
    } catch {
      return false;
    }
  }).map(Number);
}
