// Labs that lie idle, each with a terminal open in somebody's browser: what they and our processes weigh, and what they cost in processor time.
// 100 labs unless SLIPWAY_BENCH_LABS says otherwise. Clients are only counted where they are part of our processes: they run in this one.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { readStatus } from '../runtime/supervisor/status.ts';
import { disposeLabsLeft } from '../test/warm.ts';
import { withEngine } from './lab.ts';
import { learner, openTerminal, type Client } from './learner.ts';
import { labPss, pss } from './memory.ts';
import { summarise, type Row } from './report.ts';

const LABS = Number(process.env.SLIPWAY_BENCH_LABS ?? 100);
const AT_ONCE = 4;
/** Caches and garbage of the opening are gone by then, and what is done every minute is done once. */
const SETTLE_MS = 20_000;
const WATCH_MS = 30_000;
const SERVICES = ['web', 'engine', 'broker'];
const CLOCK_TICKS = 100; // a second; the same on every Linux

export const measureScale = () => withEngine(async engine => {
  const clients: Client[] = [];
  try {
    clients.push(await open()); // what is loaded once
    await delay(2_000);
    const before = services();
    const available = memAvailable();
    const own = pss(process.pid);
    let left = LABS - 1;
    let stopped: unknown;
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0 && stopped === undefined) {
        try {
          clients.push(await open());
        } catch (error) {
          stopped ??= error;
        }
      }
    }));
    await delay(SETTLE_MS);
    const cpuBefore = cpuSeconds();
    await delay(WATCH_MS);
    const cpuAfter = cpuSeconds();
    const shares = SERVICES.map(name => ((cpuAfter[name]! - cpuBefore[name]!) / (WATCH_MS / 1000)) * 100);
    const cpu = shares.reduce((sum, share) => sum + share, 0);
    const after = services();
    const labs = (await engine.call('listLabs', {})).filter(lab => lab.state === 'running');
    const ofLabs = labs.map(lab => labPss(lab.id));
    const grown = Object.fromEntries(SERVICES.map(name => [name, (after[name]! - before[name]!) / labs.length]));
    const all = SERVICES.reduce((sum, name) => sum + after[name]!, 0);
    const difference = (available - memAvailable() - (pss(process.pid) - own)) / (clients.length - 1);
    const MiB = (what: string, samples: number[], goal?: Row['goal'], note?: string): Row => ({ what, unit: 'MiB', slipway: summarise(samples.map(bytes => bytes / 2 ** 20)), ...(goal ? { goal } : {}), ...(note ? { note } : {}) });
    const rows: Row[] = [
      MiB(`${labs.length} idle labs, a terminal each: our processes`, [all], { p50: 600 }, SERVICES.map(name => `${name} ${(after[name]! / 2 ** 20).toFixed(0)}`).join(', ')),
      ...SERVICES.map(name => MiB(`  of that for each lab: ${name}`, [grown[name]!])),
      MiB('  processes of a lab', ofLabs.map(lab => lab.bytes), { p50: 4 }, `${ofLabs[0]?.processes ?? 0} processes`),
      MiB('  what the machine has less, for each lab, our processes included', [difference], { p50: 4 }),
      { what: '  processor time of our processes, of one core', unit: '%', slipway: summarise([cpu]), goal: { p50: 10 }, note: SERVICES.map((name, i) => `${name} ${shares[i]!.toFixed(1)}`).join(', ') },
      ...(stopped === undefined ? [] : [{ what: `  it went no further than ${clients.length} labs`, unit: 'MiB', slipway: 'not measured', note: String(stopped) } satisfies Row]),
    ];
    return rows;
  } finally {
    for (const client of clients) client.disconnect();
    await disposeLabsLeft();
  }
});

/** A newcomer with the lab's first terminal before them. */
async function open(): Promise<Client> {
  const { client, first } = await learner();
  try {
    await openTerminal(client, await first);
    return client;
  } catch (error) {
    client.disconnect();
    throw error;
  }
}

const services = (): Record<string, number> => Object.fromEntries(readStatus()!.services.map(({ name, pid }) => [name, pss(pid!)]));
const memAvailable = () => 1024 * Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1]);

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html fields 14 and 15 */
const cpuSeconds = (): Record<string, number> => Object.fromEntries(readStatus()!.services.map(({ name, pid }) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [name, (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS];
}));
