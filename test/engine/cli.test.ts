// The operator's command for single labs and their snapshots, as a person uses it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient, serveRpc } from '../../runtime/rpc.ts';
import { root } from '../run-instance.ts';
import { dockerd } from './lab.ts';

const engine = new RpcClient(engineSocket, controlVerbs);
const made = new Set<string>();
afterAll(async () => {
  for (const lab of made) await engine.call('disposeLab', { lab }).catch(() => {});
  engine.close();
});

function slipway(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/cli.js'), ...args], { encoding: 'utf8' });
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
}
const json = (...args: string[]) => JSON.parse(slipway(...args, '--json').stdout) as { id: string; name: string }[] & { id: string; name: string };

test.skipIf(dockerd)('a lab is kept, forked under a name, and the snapshot goes when it is told to', () => {
  const lab = json('lab', 'create', '--name', 'begun').id;
  made.add(lab);
  expect(slipway('lab', 'exec', lab, '--no-tty', '--', 'sh', '-c', 'echo kept > /root/file').status).toBe(0);
  const { id, name } = json('lab', 'snapshot', 'begun');
  expect(name).toBe('begun');
  expect(json('lab', 'snapshots').map(snapshot => snapshot.id)).toEqual([id]);
  const fork = json('lab', 'fork', id, '--name', 'second');
  made.add(fork.id);
  expect(fork.name).toBe('second');
  expect(slipway('lab', 'rm-snapshot', id)).toEqual({ status: 0, stdout: id, stderr: '' });
  expect(slipway('lab', 'exec', 'second', '--no-tty', '--', 'cat', '/root/file').stdout).toBe('kept');
  expect(slipway('lab', 'rm-snapshot', id)).toEqual({ status: 1, stdout: '', stderr: `slipway: no such snapshot: ${id}` });
  expect(slipway('lab', 'fork', id).stderr).toBe(`slipway: no such snapshot: ${id} (npx slipway lab snapshots shows all)`);
  expect(slipway('lab', 'fork')).toMatchObject({ status: 2, stderr: expect.stringContaining('which snapshot? give its id') as string });
}, 60_000);

test.skipIf(dockerd)('a frozen lab is listed as such', async () => {
  const lab = json('lab', 'create').id;
  made.add(lab);
  await engine.call('freezeLab', { lab });
  expect(slipway('lab', 'ls').stdout).toMatch(new RegExp(`^${lab} .* frozen `, 'm'));
  expect(slipway('lab', 'exec', lab, '--no-tty', '--', 'echo', 'here').stdout).toBe('here');
});

test.skipIf(dockerd)('a service that was started from an older version is to be restarted, in words', async () => {
  const run = mkdtempSync('/tmp/slipway-old-');
  mkdirSync(join(run, 'engine'));
  const old = serveRpc({}, {});
  await new Promise<void>(resolve => old.listen(join(run, 'engine', 'engine.sock'), resolve));
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), 'lab', 'snapshots'], { env: { ...process.env, SLIPWAY_RUN: run } });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { words += text; });
  await once(child, 'close');
  old.close();
  rmSync(run, { recursive: true });
  expect(words).toContain('restart it (systemctl restart slipway');
  expect(child.exitCode).toBe(1);
});
