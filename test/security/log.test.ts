// What a learner types, runs or keeps secret is in no log line of ours, whatever goes wrong with it; and every line of a lab's life names the lab and the
// request. An instance of its own, whose output is read whole.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { instance, runDir, stateDir } from '../../runtime/paths.ts';
import { inRequest } from '../../runtime/request.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { CLIENTS } from '../engine/lab.ts';
import { root, until } from '../run-instance.ts';

const SECRET = 'Sup3rGeheim';
const REQUEST = 'abcdef012345';
const other = { SLIPWAY_INSTANCE: `${instance}-log`, SLIPWAY_RUN: `${runDir}-log`, SLIPWAY_STATE: `${stateDir}-log`, SLIPWAY_LOG: 'info' };
let supervisor: ChildProcess;
let output = '';

beforeAll(async () => {
  supervisor = spawn(join(root, 'node_modules', 'node', 'bin', 'node'), ['dist/supervisor.js', '--without-web'], { cwd: root, env: { ...process.env, ...other, SLIPWAY_APP: root } as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [supervisor.stdout!, supervisor.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
  await until(() => output.includes('Slipway is ready'), 60_000);
});
afterAll(async () => {
  supervisor.kill('SIGTERM');
  if (supervisor.exitCode === null) await once(supervisor, 'close');
  for (const place of [other.SLIPWAY_RUN, other.SLIPWAY_STATE]) rmSync(place, { recursive: true, force: true });
});

const lines = () => output.split('\n').filter(line => line.startsWith('{')).map(line => JSON.parse(line) as Record<string, unknown>);

test('logs hold no word of a learner, and say which lab and which request', async () => {
  const engine = new RpcClient(join(other.SLIPWAY_RUN, 'engine', 'engine.sock'), controlVerbs);
  const lab = await inRequest(() => engine.call('createLab', { name: SECRET }), REQUEST);
  const socket = lab.hosts[0]!.dockerHost.replace('unix://', '');
  // Whether a command fails is its own affair here.
  const docker = (...args: string[]) => new Promise<void>(resolve => { execFile(CLIENTS[26], ['-H', `unix://${socket}`, ...args], { timeout: 20_000 }, () => resolve()); });
  await docker('run', '--name', SECRET, '-e', `PASSWORD=${SECRET}`, 'busybox', 'sh', '-c', `echo ${SECRET}; /bin/${SECRET}`);
  await docker('run', 'busybox', `/${SECRET}`);
  await docker('run', '-w', `/etc/passwd/${SECRET}`, '-v', `/etc/passwd:/etc/${SECRET}/x`, 'busybox', 'true');
  await docker('pull', `registry.invalid/${SECRET.toLowerCase()}:${SECRET}`);
  await docker('login', '-u', SECRET, '-p', SECRET, 'registry.invalid');
  await docker('cp', `${SECRET}:/${SECRET}`, '-');
  await docker('exec', SECRET, SECRET);
  await docker('volume', 'create', '-d', SECRET, SECRET);
  for (const nonsense of [`GET /${SECRET} HTTP/1.1\r\nHost: x\r\nX: ${SECRET}\r\n\r\n`, `POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"${SECRET}": broken`, `${SECRET}\r\n\r\n`]) {
    const connection = createConnection(socket);
    connection.on('error', () => {});
    connection.end(nonsense);
    await once(connection.resume(), 'close');
  }
  const terminal = await engine.call('openTerminal', { lab: lab.id, host: 'h1', cols: 80, rows: 24, title: SECRET });
  const shim = await ShimConnection.open(terminal.socketPath);
  shim.stdin(Buffer.from(`${SECRET}; exit\r`));
  shim.subscribe({ ring: true });
  await new Promise<void>(resolve => shim.once('end', () => resolve()));
  const exec = await engine.call('exec', { lab: lab.id, host: 'h1', argv: [`/${SECRET}`], env: [`TOKEN=${SECRET}`] });
  const failing = await ShimConnection.open(exec.socketPath);
  failing.subscribe({ ring: true });
  failing.go();
  await new Promise<void>(resolve => failing.once('end', () => resolve()));
  await engine.call('containerOutput', { lab: lab.id, host: 'h1', container: SECRET });
  await expect(engine.call('exec', { lab: SECRET, host: 'h1', argv: [SECRET] })).rejects.toThrow();
  await engine.call('disposeLab', { lab: lab.id });
  engine.close();

  await until(() => lines().some(line => line.verb === 'disposeLab'), 5_000);
  expect(output).not.toMatch(new RegExp(SECRET, 'i'));
  expect(lines()).toContainEqual(expect.objectContaining({ process: 'engine', verb: 'createLab', lab: lab.id, request: REQUEST, msg: 'done' }));
  expect(lines()).toContainEqual(expect.objectContaining({ process: 'engine', verb: 'disposeLab', lab: lab.id, request: expect.stringMatching(/^[0-9a-f]{12}$/) as string }));
});

test('a fault of ours is a line with its request, its lab and its places, through engine and broker', async () => {
  const engine = new RpcClient(join(other.SLIPWAY_RUN, 'engine', 'engine.sock'), controlVerbs);
  const lab = await engine.call('createLab', {});
  try {
    // No shim can make its socket.
    rmSync(join(other.SLIPWAY_RUN, 'labs', lab.id, 'h1', 'tasks'), { recursive: true, force: true });
    await expect(inRequest(() => engine.call('openTerminal', { lab: lab.id, host: 'h1', cols: 80, rows: 24, title: SECRET }), REQUEST)).rejects.toThrow();
    for (const name of ['engine', 'broker']) {
      await until(() => lines().some(line => line.process === name && line.level === 50 && line.request === REQUEST), 5_000);
      expect(lines().find(line => line.process === name && line.level === 50)).toMatchObject({ lab: lab.id, err: { kind: 'System' } });
    }
  } finally {
    await engine.call('disposeLab', { lab: lab.id });
    engine.close();
  }
});
