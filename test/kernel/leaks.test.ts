// Labs made and disposed of, a few at a time, each with a terminal, some suspended, some with a container, a network, a published port and a volume:
// afterwards the machine and our processes hold what they held before. SLIPWAY_SOAK says how many (60 here; `npm run soak` makes 10,000), and
// SLIPWAY_SOAK_MINUTES after how long it is enough.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { controlVerbs, type Lab } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { readStatus } from '../../runtime/supervisor/status.ts';
import { CLIENTS } from '../engine/lab.ts';
import { findLeaks, openDescriptors, takeSnapshot } from '../leaks.ts';
import { until } from './host.ts';

const COUNT = Number(process.env.SLIPWAY_SOAK ?? 60);
const MINUTES = Number(process.env.SLIPWAY_SOAK_MINUTES ?? 60);
const WARM = Math.min(60, COUNT);
const AT_ONCE = 4;
const REPORT_EVERY = 500;
const engine = new RpcClient(engineSocket, controlVerbs);
afterAll(() => engine.close());

/** `number` decides what is done with it, so that a run can be had again. */
async function live(number: number) {
  const lab = await engine.call('createLab', { name: 'soak' });
  await engine.call('openTerminal', { lab: lab.id, host: lab.hosts[0]!.id, cols: 80, rows: 24 });
  if (number % 5 === 0) await runContainer(lab);
  if (number % 3 === 0) {
    await engine.call('suspendLab', { lab: lab.id });
    if (number % 2 === 0) await engine.call('resumeLab', { lab: lab.id });
  }
  await engine.call('disposeLab', { lab: lab.id });
}

async function runContainer(lab: Lab) {
  const docker = (line: string) => promisify(execFile)(CLIENTS[26], ['-H', lab.hosts[0]!.dockerHost, ...line.split(' ')], { env: { PATH: process.env.PATH, HOME: '/nonexistent' } as never });
  await docker('network create backend');
  await docker('run -d --network backend -p 8080:80 -v data:/data --restart always busybox top');
  await docker('run --rm busybox true');
}

async function liveMany(count: number) {
  const end = Date.now() + MINUTES * 60_000;
  let begun = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (begun < count && Date.now() < end) {
      const number = begun++;
      if (number && number % REPORT_EVERY === 0) console.log(`${number} labs; ${weigh().map(({ name, kilobytes: now }) => `${name} ${Math.round(now / 1024)} MiB`).join(', ')}`);
      await live(number);
    }
  }));
  return begun;
}
const kilobytes = (pid: number) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
const weigh = () => readStatus()!.services.map(({ name, pid }) => ({ name, kilobytes: kilobytes(pid!) }));

/** What the kernel holds of each kind, also of what nobody can see any more. Others make labs at the same time: only growth with the number of labs says something. */
function inKernel(): Record<string, number> {
  const slabs = readFileSync('/proc/slabinfo', 'utf8').split('\n').map(line => line.split(/\s+/)).filter(([name]) => /^(net|pid|user|uts)_namespace$/.test(name!)).map(([name, active]) => [name!, Number(active)]);
  const cgroups = readFileSync('/proc/cgroups', 'utf8').split('\n').map(line => line.split('\t')).filter(([name]) => name === 'memory' || name === 'pids').map(([name, , count]) => [`${name} cgroups`, Number(count)]);
  return Object.fromEntries([...slabs, ...cgroups, ['keys', readFileSync('/proc/keys', 'utf8').split('\n').length]]);
}

test(`${COUNT} labs leave nothing behind`, { timeout: 120_000 + Math.min(COUNT * 2_000, MINUTES * 60_000) }, async () => {
  await liveMany(WARM); // what is opened once and kept, and what compilers and caches of ours take
  const before = { snapshot: takeSnapshot(), descriptors: new Map(openDescriptors(readStatus()!).map(({ name, open }) => [name, open])), weight: weigh(), kernel: inKernel() };
  const made = await liveMany(COUNT);
  // A service's own directories are there as long as it runs.
  const leaks = () => findLeaks(before.snapshot).filter(leak => !/^cgroup |^process |^mount /.test(leak) || / \/labs\//.test(leak));
  await until(() => leaks().length === 0, `nothing is left: ${leaks().join('\n')}`, 15_000);
  const tooMany = () => openDescriptors(readStatus()!).filter(({ name, open }) => open > before.descriptors.get(name)! + 2);
  await until(() => tooMany().length === 0, `descriptors are closed: ${JSON.stringify(tooMany())}`);
  const grown = () => Object.entries(inKernel()).filter(([name, now]) => now - before.kernel[name]! > made / 4 + 40).map(([name, now]) => `${now} ${name}, were ${before.kernel[name]}`);
  // The kernel counts in pages of objects, so a few labs say nothing.
  if (made >= REPORT_EVERY) await until(() => grown().length === 0, `the kernel has let go of what was made: ${grown().join('; ')}`, 30_000);
  for (const { name, kilobytes: now } of weigh()) {
    const was = before.weight.find(one => one.name === name)!.kilobytes;
    // Twelve megabytes of nursery fill and empty; growth with the number of labs it would not be.
    expect(now, `${name} had ${was} kB before ${made} labs`).toBeLessThan(was * 1.1 + 12_000);
  }
  if (made >= REPORT_EVERY) console.log(`after ${made} labs: ${JSON.stringify({ before: before.weight, after: weigh() })}; ${JSON.stringify({ before: before.kernel, after: inKernel() })}`);
});
