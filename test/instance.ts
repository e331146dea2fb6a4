// Global set-up of the tests that need labs: one instance of broker and engine (and, for the browser, web) of its own, stopped at the end; then
// nothing that it ever made may be left (leaks.ts). When an instance of that name runs already, it is used and left alone, without that check.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { testEnv } from './place.ts';

const root = join(import.meta.dirname, '..');
const node = join(root, 'node_modules', 'node', 'bin', 'node');

export default async function startInstance(project: TestProject): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0) throw new Error('These tests make labs, which takes root: run them with sudo (npm test does).');
  Object.assign(process.env, testEnv, { SLIPWAY_APP: root });
  const { findLeaks, openDescriptors, takeSnapshot } = await import('./leaks.ts');
  const { readStatus } = await import('../runtime/supervisor/status.ts');
  const running = readStatus();
  if (running) {
    console.warn(`\nUsing the instance "${running.instance}" that runs already (process ${running.pid}). What tests leave over is NOT checked.\n`);
    return async () => {};
  }
  execFileSync(node, ['setup/run.mjs', 'bundle'], { cwd: root, stdio: 'inherit' });
  for (const dir of [testEnv.SLIPWAY_STATE, testEnv.SLIPWAY_RUN]) if (existsSync(dir)) rmSync(dir, { recursive: true });

  const before = takeSnapshot();
  const words: string[] = [];
  const supervisor = spawn(node, ['--enable-source-maps', 'dist/supervisor.js', ...(project.name === 'web' ? [] : ['--without-web'])], { cwd: root, env: process.env, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [supervisor.stdout, supervisor.stderr]) stream.setEncoding('utf8').on('data', (text: string) => {
    words.push(text);
    if (process.env.SLIPWAY_VERBOSE) process.stderr.write(text);
  });
  const ended = once(supervisor, 'close');
  await Promise.race([
    until(() => words.join('').includes('Slipway is ready')),
    ended.then(() => { throw new Error(`The instance for tests did not start:\n${words.join('')}`); }),
  ]);
  const { warmUp, labsLeft } = await import('./warm.ts');
  await warmUp();
  const descriptors = openDescriptors(readStatus()!);

  return async () => {
    const leaks: string[] = [];
    const now = readStatus();
    if (!now || supervisor.exitCode !== null) leaks.push('the instance ended before the tests did');
    else {
      leaks.push(...(await labsLeft()).map(lab => `lab ${lab} was not disposed of by its test`));
      await until(() => openDescriptors(now).every(({ name, open }) => open <= (descriptors.find(other => other.name === name)?.open ?? 0)), 10_000).catch(() => {
        leaks.push(...openDescriptors(now).map(({ name, open, kinds }) => `${name} has ${open} descriptors open, and had ${descriptors.find(other => other.name === name)?.open} at first: ${kinds}`));
      });
      for (const { name, restarts } of now.services) if (restarts) leaks.push(`${name} ended and was restarted ${restarts} times`);
      supervisor.kill('SIGTERM');
      await ended;
    }
    await until(() => findLeaks(before).length === 0, 5_000).catch(() => leaks.push(...findLeaks(before)));
    for (const dir of [testEnv.SLIPWAY_STATE, testEnv.SLIPWAY_RUN]) rmSync(dir, { recursive: true, force: true });
    if (leaks.length) throw new Error(`Left over after the tests:\n  ${leaks.join('\n  ')}\n\nThe instance's own words:\n${words.join('').split('\n').slice(-60).join('\n')}`);
  };
}

async function until(holds: () => boolean, patienceMs = 90_000): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}
