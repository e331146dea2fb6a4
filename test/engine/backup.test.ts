// A backup of an instance at work, put back as another one: the lab is there with its container, its volume and its files, and the learner with it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { instance, poolDir, runDir, stateDir, webDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { root } from '../run-instance.ts';
import { CLIENTS, createTestLab, type TestLab } from './lab.ts';

const node = join(root, 'node_modules', 'node', 'bin', 'node');
const dir = mkdtempSync(join(tmpdir(), 'slipway-backup-'));
const file = join(dir, 'slipway.backup');
/** Another Slipway on this machine, with nothing in it. */
const other = { SLIPWAY_INSTANCE: `${instance}-restored`, SLIPWAY_RUN: `${runDir}-restored`, SLIPWAY_STATE: `${stateDir}-restored` };
let lab: TestLab;
let supervisor: ChildProcess | undefined;

const slipway = async (args: string[], env: Record<string, string> = {}) => {
  try {
    return { code: 0, ...await promisify(execFile)(join(root, 'bin', 'slipway'), args, { env: { ...process.env, ...env } as NodeJS.ProcessEnv }) };
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string };
  }
};
const removeOther = () => { for (const place of [other.SLIPWAY_RUN, other.SLIPWAY_STATE]) rmSync(place, { recursive: true, force: true }); };

beforeAll(async () => {
  removeOther();
  lab = await createTestLab('kept');
  await promisify(execFile)(node, ['prisma/migrate.ts'], { cwd: root, env: { ...process.env } as NodeJS.ProcessEnv });
});
afterAll(async () => {
  await lab?.dispose();
  if (supervisor && supervisor.exitCode === null) {
    supervisor.kill('SIGTERM');
    await once(supervisor, 'close');
  }
  removeOther();
  rmSync(dir, { recursive: true });
  rmSync(join(webDir, 'slipway.db'), { force: true });
});

test('what runs, what is written down and who learns comes back', { timeout: 120_000 }, async () => {
  await lab.ok(['run', '-d', '--name', 'keeper', '--restart', 'always', '-v', 'precious:/data', 'busybox', 'sh', '-c', 'echo gold >/data/it; exec top']);
  await lab.ok(['run', '--name', 'ended', 'busybox', 'sh', '-c', 'echo said; exit 7']).catch(() => undefined);
  const database = new DatabaseSync(join(webDir, 'slipway.db'));
  database.prepare("INSERT INTO Learner (id) VALUES ('somebody')").run();
  database.close();

  const taken = await slipway(['backup', file]);
  expect(taken).toMatchObject({ code: 0, stderr: '' });
  expect(taken.stdout).toMatch(/slipway\.backup: \d+ labs, 0 snapshots, /);
  expect(readdirSync(join(poolDir, 'snapshots', instance))).toEqual([]);
  expect((await lab.ok('ps --format {{.Names}}'))).toBe('keeper');

  expect(await slipway(['restore', file], other)).toMatchObject({ code: 0, stderr: '' });
  supervisor = spawn(node, ['dist/supervisor.js', '--without-web'], { cwd: root, env: { ...process.env, ...other, SLIPWAY_APP: root } as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  supervisor.stdout!.on('data', (chunk: Buffer) => { said += chunk.toString(); });
  await expect.poll(() => said, { timeout: 60_000 }).toContain('Slipway is ready');
  const engine = new RpcClient(join(other.SLIPWAY_RUN, 'engine', 'engine.sock'), controlVerbs);
  try {
    const labs = await engine.call('listLabs', {});
    expect(labs.find(one => one.id === lab.lab!.id)).toMatchObject({ name: 'kept', state: 'suspended' });
    const { hosts } = await engine.call('resumeLab', { lab: lab.lab!.id });
    const docker = async (...args: string[]) => (await promisify(execFile)(CLIENTS[26], ['-H', hosts[0]!.dockerHost, ...args])).stdout.trim();
    expect(await docker('inspect', '-f', '{{.State.ExitCode}}', 'ended')).toBe('7');
    expect(await docker('logs', 'ended')).toBe('said');
    await expect.poll(() => docker('inspect', '-f', '{{.State.Status}}', 'keeper'), { timeout: 30_000 }).toBe('running');
    expect(await docker('exec', 'keeper', 'cat', '/data/it')).toBe('gold');
    const restored = new DatabaseSync(join(other.SLIPWAY_STATE, 'web', 'slipway.db'), { readOnly: true });
    expect(restored.prepare('SELECT id FROM Learner').all()).toEqual([{ id: 'somebody' }]);
    restored.close();
  } finally {
    for (const { id } of await engine.call('listLabs', {})) await engine.call('disposeLab', { lab: id });
    engine.close();
  }
});

test('nothing is overwritten, and what is no whole backup leaves nothing behind', async () => {
  expect(await slipway(['restore', file])).toMatchObject({ code: 1, stderr: 'slipway: Slipway runs: stop it first (npx slipway stop)\n' });
  supervisor!.kill('SIGTERM');
  await once(supervisor!, 'close');
  removeOther();
  truncateSync(file, Math.floor(statSync(file).size * 0.9));
  const cut = await slipway(['restore', file], other);
  expect(cut.code).toBe(1);
  expect(cut.stderr).toMatch(/^slipway: .*(damaged|not whole)/);
  for (const kind of ['labs', 'records', 'snapshots']) {
    const place = join(poolDir, kind, other.SLIPWAY_INSTANCE);
    expect(existsSync(place) ? readdirSync(place) : []).toEqual([]);
  }
  expect(existsSync(join(other.SLIPWAY_STATE, 'engine'))).toBe(false);
  expect(await slipway(['restore', join(dir, 'none')], other)).toMatchObject({ code: 1, stderr: `slipway: there is no file ${join(dir, 'none')}\n` });
  expect((await slipway(['backup'])).code).toBe(2);
});
