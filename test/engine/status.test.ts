// What an operator's programs read: `slipway status --json`, from the command line as it is installed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, outputOf } from './lab.ts';

const root = join(import.meta.dirname, '../..');
const status = () => JSON.parse(execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'status', '--json'], { encoding: 'utf8' })) as {
  running: boolean; processes: Record<string, { pid: number; state: string; errors: { what: string }[] }>; labs: { running: number; suspended: number }; pool: { ready: number }; memory: { free: number; total: number }; disk: { free: number; total: number; labs: { running: number; suspended: number } };
};

test.skipIf(dockerd)('names processes, labs, what is free, and what went wrong lately', async () => {
  const before = status();
  expect(before).toMatchObject({ running: true, labs: { suspended: 0 }, pool: { ready: 0 }, processes: { broker: { state: 'ready' }, engine: { state: 'ready' } } });
  for (const what of [before.memory, before.disk]) {
    expect(what.free).toBeGreaterThan(0);
    expect(what.free).toBeLessThan(what.total);
  }
  process.kill(before.processes.engine!.pid, 0);
  await crash('engine');
  const after = status();
  expect(after.processes.engine!.pid).not.toBe(before.processes.engine!.pid);
  expect(after.processes.engine!.errors.at(-1)!.what).toBe('ended (SIGKILL)');
});

test.skipIf(dockerd)('what labs have on disk is counted, by those that run and those that sleep', async () => {
  const lab = await createTestLab('status-disk');
  const { socketPath } = await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/bin/sh', '-c', 'head -c 30m /dev/urandom > /root/big; sync'] });
  await outputOf(socketPath);
  const MIB = 1 << 20;
  const awake = status().disk.labs;
  expect(awake.running).toBeGreaterThan(30 * MIB);
  await lab.engine.call('suspendLab', { lab: lab.lab!.id });
  const asleep = status();
  expect(asleep.labs.suspended).toBe(1);
  expect(asleep.disk.labs.suspended).toBeGreaterThan(30 * MIB);
  expect(asleep.disk.labs.running).toBeLessThan(awake.running - 29 * MIB);
  await lab.dispose();
});
