// What an operator's programs read: `slipway status --json`, from the command line as it is installed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { crash } from '../run-instance.ts';
import { dockerd } from './lab.ts';

const root = join(import.meta.dirname, '../..');
const status = () => JSON.parse(execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'status', '--json'], { encoding: 'utf8' })) as {
  running: boolean; processes: Record<string, { pid: number; state: string; errors: { what: string }[] }>; labs: { running: number; suspended: number }; pool: { ready: number }; memory: { free: number; total: number }; disk: { free: number; total: number };
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
