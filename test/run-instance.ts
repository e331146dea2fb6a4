// Starts an instance of Slipway for tests and measurements, from the bundles in dist/, at the places that the environment names (place.ts).
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readStatus } from '../runtime/supervisor/status.ts';
import { runDir, stateDir } from '../runtime/paths.ts';

export const root = join(import.meta.dirname, '..');
const node = join(root, 'node_modules', 'node', 'bin', 'node');

export interface RunningInstance {
  /** What its processes have printed so far. */
  words(): string;
  /** True when it ended by itself. */
  hasEnded(): boolean;
  /** Stops it and removes its records. */
  stop(): Promise<void>;
}

/** Resolves when all its processes answer. The caller has checked that none runs there yet. */
export async function runInstance(options: { web: boolean; bundle?: boolean }): Promise<RunningInstance> {
  const running = readStatus();
  if (running) throw new Error(`An instance runs there already: process ${running.pid}.`);
  if (options.bundle ?? true) execFileSync(node, ['setup/run.mjs', options.web ? 'build' : 'bundle'], { cwd: root, stdio: 'inherit' });
  removePlaces();
  const words: string[] = [];
  const supervisor = spawn(node, ['--enable-source-maps', 'dist/supervisor.js', ...(options.web ? [] : ['--without-web'])], { cwd: root, env: { ...process.env, SLIPWAY_APP: root }, stdio: ['ignore', 'pipe', 'pipe'] });
  let ready = () => {};
  const isReady = new Promise<void>(resolve => { ready = resolve; });
  for (const stream of [supervisor.stdout, supervisor.stderr]) stream.setEncoding('utf8').on('data', (text: string) => {
    words.push(text);
    if (text.includes('Slipway is ready')) ready();
    if (process.env.SLIPWAY_VERBOSE) process.stderr.write(text);
  });
  const ended = once(supervisor, 'close');
  await Promise.race([isReady, ended.then(() => { throw new Error(`The instance did not start:\n${words.join('')}`); })]);
  return {
    words: () => words.join(''),
    hasEnded: () => supervisor.exitCode !== null || supervisor.signalCode !== null,
    async stop() {
      supervisor.kill('SIGTERM');
      await ended;
    },
  };
}

/** Its sockets and records; only when it does not run. */
export function removePlaces() {
  for (const dir of [stateDir, runDir]) rmSync(dir, { recursive: true, force: true });
}

/** Tries until it holds. */
export async function until(holds: () => boolean | Promise<boolean>, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

const expected = () => join(stateDir, 'expected-restarts');
export const expectedRestarts = (service: string) => (existsSync(expected()) ? readFileSync(expected(), 'utf8').split('\n').filter(line => line === service).length : 0);

/** Kills a process of the instance outright, and resolves when the supervisor's new one answers. Does not count as an end that nobody asked for. */
export async function crash(name: string) {
  const service = () => readStatus()!.services.find(one => one.name === name)!;
  const { pid } = service();
  appendFileSync(expected(), `${name}\n`);
  process.kill(pid!, 'SIGKILL');
  await until(() => service().state === 'ready' && service().pid !== pid, 180_000); // an emulated machine takes its time
}
