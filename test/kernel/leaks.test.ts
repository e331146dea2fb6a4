// Labs made and disposed of, a few at a time, each with a terminal and a container: afterwards the machine and our processes hold what they held before.
// SLIPWAY_SOAK says how many (50 here, 1,000 and more by hand).
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { readStatus } from '../../runtime/supervisor/status.ts';
import { findLeaks, openDescriptors, takeSnapshot } from '../leaks.ts';
import { until } from './host.ts';

const COUNT = Number(process.env.SLIPWAY_SOAK ?? 50);
const AT_ONCE = 4;
const engine = new RpcClient(engineSocket, controlVerbs);
afterAll(() => engine.close());

async function live() {
  const lab = await engine.call('createLab', { name: 'soak' });
  await engine.call('openTerminal', { lab: lab.id, host: lab.hosts[0]!.id, cols: 80, rows: 24 });
  if (Math.random() < 0.3) {
    await engine.call('suspendLab', { lab: lab.id });
    if (Math.random() < 0.5) await engine.call('resumeLab', { lab: lab.id });
  }
  await engine.call('disposeLab', { lab: lab.id });
}
async function liveMany(count: number) {
  let left = count;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { while (left-- > 0) await live(); }));
}
const kilobytes = (pid: number) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const weigh = () => readStatus()!.services.map(({ name, pid }) => ({ name, kilobytes: kilobytes(pid!) }));
const keys = () => readFileSync('/proc/keys', 'utf8').split('\n').length;

test(`${COUNT} labs leave nothing behind`, { timeout: 60_000 + COUNT * 1_000 }, async () => {
  await liveMany(20); // what is opened once and kept, and what compilers and caches of ours take
  const before = { snapshot: takeSnapshot(), descriptors: new Map(openDescriptors(readStatus()!).map(({ name, open }) => [name, open])), weight: weigh(), keys: keys() };
  await liveMany(COUNT);
  // A service's own directories are there as long as it runs.
  const leaks = () => findLeaks(before.snapshot).filter(leak => !/^cgroup |^process |^mount /.test(leak) || / \/labs\//.test(leak));
  await until(() => leaks().length === 0, `nothing is left: ${leaks().join('\n')}`, 15_000);
  const tooMany = () => openDescriptors(readStatus()!).filter(({ name, open }) => open > before.descriptors.get(name)! + 2);
  await until(() => tooMany().length === 0, `descriptors are closed: ${JSON.stringify(tooMany())}`);
  expect(keys()).toBeLessThanOrEqual(before.keys + 2);
  for (const { name, kilobytes: now } of weigh()) {
    const was = before.weight.find(one => one.name === name)!.kilobytes;
    // A collector lets some garbage lie; growth with the number of labs it would not be.
    expect(now, `${name} had ${was} kB`).toBeLessThan(was * 1.1 + 30_000);
  }
});
