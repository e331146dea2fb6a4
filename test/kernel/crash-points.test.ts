// Broker and engine are killed between any two steps of making, suspending, opening and disposing of a lab: afterwards the lab is whole or gone, what was
// asked for can be asked for again, and nothing is left. A sample of the steps here; SLIPWAY_CRASH_POINTS=all tries every one.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account } from '../../runtime/broker/hosts.ts';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { ENGINE_USER, GROUP } from '../../runtime/ids.ts';
import { brokerVerbs } from '../../runtime/kernel/protocol.ts';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { poolDir } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { outputOf } from '../engine/lab.ts';
import { smallLimits, until } from './host.ts';

const instance = 'crashpoints';
const root = join(import.meta.dirname, '../..');
const run = '/run/slipway-crash';
let state: string;
const all = process.env.SLIPWAY_CRASH_POINTS === 'all';
/** Of the steps of one verb, of which the broker has up to a hundred and the engine some dozens: every so many, never the same ones twice in a row. */
const STRIDES = all ? { broker: 1, engine: 1 } : { broker: 24, engine: 8 };
const FIRST = { broker: 1 + Math.floor(Math.random() * STRIDES.broker), engine: 1 + Math.floor(Math.random() * STRIDES.engine) };
const MOST = 160;

interface Service { child: ChildProcess; /** From now on its effects count. */ arm(): void }
const NEVER = 1_000_000;

async function start(what: 'broker' | 'engine', dieAt = NEVER): Promise<Service> {
  const env = { ...process.env, SLIPWAY_INSTANCE: instance, SLIPWAY_RUN: run, SLIPWAY_STATE: state, SLIPWAY_APP: root, SLIPWAY_LOG: 'fatal', SLIPWAY_POOL: '0', SLIPWAY_POOL_MAX: '0', SLIPWAY_DIE_AT: String(dieAt) };
  const node = [process.execPath, '--import', join(import.meta.dirname, 'die-at.ts'), join(root, what === 'broker' ? 'runtime/broker/main.ts' : 'runtime/engine.ts')];
  const argv = what === 'broker' ? node : ['setpriv', `--reuid=${ENGINE_USER}`, `--regid=${GROUP}`, '--clear-groups', ...node];
  const child = spawn(argv[0]!, argv.slice(1), { env, stdio: ['ignore', 'ignore', 'inherit'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const socket = what === 'broker' ? join(run, 'broker.sock') : join(run, 'engine', 'engine.sock');
  await until(() => new Promise<boolean>(resolve => { const c = createConnection(socket, () => { c.destroy(); resolve(true); }).once('error', () => resolve(false)); }), `the ${what} listens`, 60_000);
  return { child, arm: () => void child.kill('SIGUSR2') };
}

async function kill({ child }: Service, signal: NodeJS.Signals = 'SIGKILL') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}
const running = new Set<ChildProcess>();
const hasDied = ({ child }: Service) => child.exitCode !== null || child.signalCode !== null;

beforeAll(() => {
  state = mkdtempSync('/var/tmp/slipway-crash-');
  execFileSync('chmod', ['755', state]);
  const { uid, gid } = account(ENGINE_USER);
  for (const dir of [run, join(run, 'labs'), join(run, 'engine'), join(state, 'engine')]) mkdirSync(dir, { recursive: true, mode: 0o755 });
  for (const dir of [join(run, 'engine'), join(state, 'engine')]) chownSync(dir, uid, gid);
});
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const dir of [state, run, join(poolDir, 'labs', instance), join(poolDir, 'records', instance)]) rmSync(dir, { recursive: true, force: true });
});

/** What there is of labs anywhere. */
function leftovers(): string[] {
  const list = (dir: string) => (existsSync(dir) ? readdirSync(dir) : []);
  const owned = list(join(poolDir, 'uids')).filter(name => { try { return readFileSync(join(poolDir, 'uids', name, 'owner'), 'utf8').startsWith(`${instance}/`); } catch { return false; } });
  const cgroups = findCgroups().hierarchies.flatMap(h => { const top = join(h.mount, `slipway-${instance}`); return existsSync(top) ? readdirSync(top, { withFileTypes: true }).filter(e => e.isDirectory()).map(e => join(top, e.name)) : []; });
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter(line => line.includes(run) || line.includes(`/labs/${instance}/`));
  return [...owned.map(name => `uid range ${name}`), ...cgroups, ...mounts, ...[join(poolDir, 'labs', instance), join(poolDir, 'records', instance), join(run, 'labs'), join(state, 'broker'), join(state, 'engine', 'labs')].flatMap(dir => list(dir).map(name => join(dir, name)))];
}

interface Step { verb: string; ask(): Promise<unknown> }

/** Each verb in turn: the process dies at its n-th effect, another one comes up, the state is sound, and the verb asked for again does what it says. Answers how many died. */
async function dieInEach(n: number, what: 'broker' | 'engine', steps: Step[], sound: (during: string) => Promise<void>): Promise<number> {
  let died = 0;
  let service = await start(what, n);
  for (const { verb, ask } of steps) {
    service.arm();
    await new Promise(resolve => setTimeout(resolve, 20)); // until the signal has arrived
    const failed = await ask().then(() => false, () => true);
    if (failed) await until(() => hasDied(service), `the ${what} has died in ${verb} at ${n}, rather than fail`);
    if (failed) died++;
    await kill(service); // also one that has done it all: its successor must find that
    service = await start(what, n);
    await sound(verb);
    await ask();
  }
  await kill(service, 'SIGTERM');
  return died;
}

async function forEachPoint(what: 'broker' | 'engine', work: (n: number) => Promise<number>) {
  let total = 0;
  for (let n = FIRST[what]; n < MOST; n += STRIDES[what]) {
    const died = await work(n);
    await until(() => leftovers().length === 0, `nothing is left after dying at ${n}: ${leftovers().join(', ')}`).catch(() => expect(leftovers(), `after dying at ${n}`).toEqual([]));
    total += died;
    if (died === 0) break; // more steps than any verb has
  }
  expect(total).toBeGreaterThan(all ? 50 : 0);
}

const LAB = 'point';

describe(`from step ${FIRST.broker}, every ${STRIDES.broker}, and from ${FIRST.engine}, every ${STRIDES.engine}`, () => {
  test('the broker dies', { timeout: all ? 1_800_000 : 120_000 }, async () => {
    await forEachPoint('broker', async n => {
      const client = new RpcClient(join(run, 'broker.sock'), brokerVerbs);
      const create = () => client.call('createHost', { lab: LAB, host: 'h1', hostname: 'host1', profile: 'strict', limits: smallLimits });
      const died = await dieInEach(n, 'broker', [
        { verb: 'create', ask: create },
        { verb: 'suspend', ask: () => client.call('suspendLab', { lab: LAB }) },
        { verb: 'resume', ask: create },
        { verb: 'dispose', ask: () => client.call('disposeLab', { lab: LAB }) },
      ], async during => {
        const [host] = await client.call('listHosts', {});
        if (during === 'suspend' || during === 'resume') expect(host, `after ${during} at ${n}`).toBeDefined();
        if (host?.alive) expect(await runIn(client)).toBe('here\n');
      });
      client.close();
      return died;
    });
  });

  test('the engine dies', { timeout: all ? 1_800_000 : 120_000 }, async () => {
    const broker = await start('broker');
    const kernel = new RpcClient(join(run, 'broker.sock'), brokerVerbs);
    await forEachPoint('engine', async n => {
      const client = new RpcClient(join(run, 'engine', 'engine.sock'), controlVerbs);
      let lab = '';
      const find = async () => (await client.call('listLabs', {})).find(one => one.name === LAB);
      const died = await dieInEach(n, 'engine', [
        { verb: 'create', ask: async () => { lab = ((await find()) ?? (await client.call('createLab', { name: LAB, limits: smallLimits }))).id; } },
        { verb: 'suspend', ask: () => client.call('suspendLab', { lab }) },
        { verb: 'resume', ask: () => client.call('resumeLab', { lab }) },
        { verb: 'dispose', ask: async () => { if (await find()) await client.call('disposeLab', { lab }); } },
      ], async during => {
        const known = (await client.call('listLabs', {})).map(one => one.id);
        expect([...new Set((await kernel.call('listHosts', {})).map(host => host.lab))], `after ${during} at ${n}`).toEqual(known);
        if (during === 'suspend' || during === 'resume') expect(known).toEqual([lab]);
        if (known[0]) {
          const { socketPath } = await client.call('exec', { lab: known[0], host: 'h1', argv: ['/bin/echo', 'here'] });
          expect(await outputOf(socketPath), `after ${during} at ${n}`).toBe('here\n');
        }
      });
      client.close();
      return died;
    });
    kernel.close();
    await kill(broker, 'SIGTERM');
  });
});

async function runIn(client: RpcClient<typeof brokerVerbs>): Promise<string> {
  await client.call('startTask', { lab: LAB, host: 'h1', task: { id: 'look', argv: ['busybox', 'echo', 'here'], io: { kind: 'pipes', stdin: false }, wait: { for: 'own' } } });
  const output = await outputOf(join(run, 'labs', LAB, 'h1', 'tasks', 'look.sock'));
  await client.call('forgetTask', { lab: LAB, host: 'h1', task: 'look' });
  return output;
}
