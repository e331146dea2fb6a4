// What it costs to watch open labs for what no event tells of: processor time of engine, broker and grading while many labs, each with ten open tasks, are at rest,
// and while something runs in every one of them. As a share of one core.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { engineSocket } from '../runtime/paths.ts';
import type { Lab } from '../runtime/lab/control.ts';
import { readStatus } from '../runtime/supervisor/status.ts';
import { createGrader } from '../server/grading/grader.ts';
import { runCommand } from '../server/lab/commands.ts';
import { connectEngine } from '../server/lab/engine.ts';
import { watchProgress, type Progress } from '../server/lab/progress.ts';
import { withEngine, type Engine } from './lab.ts';
import { summarise, type Row } from './report.ts';
import { tenTasks } from './ticks-lesson.ts';

const LABS = Number(process.env.SLIPWAY_BENCH_LABS ?? 100);
const FOR_MS = 20_000;
const SETTLE_MS = 5_000;

export const measureWatching = (): Promise<Row[]> => withEngine(async engine => {
  const client = connectEngine(engineSocket);
  const labs: Lab[] = [];
  const watched: Progress[] = [];
  const tasks = tenTasks();
  let failed = 0;
  try {
    for (let n = 0; n < LABS; n++) {
      const lab = await engine.call('createLab', { name: 'bench' });
      labs.push(lab);
      await run(engine, lab, 'docker run -d --name still busybox sleep 90000');
      watched.push(watchProgress({
        engine: client, host: hostOf(lab), baseSeq: 0, lesson: { tasks }, stored: [], createGrader, save: async () => {}, onProgress: () => {}, onExplain: () => {},
        onLabGone: () => {}, onAway: () => {}, onError: () => { failed += 1; },
      }));
    }
    const rest = await share();
    for (const lab of labs) await run(engine, lab, 'docker run -d busybox sh -c "while :; do sleep 1; done"');
    const moving = await share();
    const row = (what: string, { all, parts }: Awaited<ReturnType<typeof share>>, more: Partial<Row>): Row => ({ what, unit: '%', slipway: summarise([all]), note: `${parts}${failed ? `; ${failed} readings failed` : ''}`, ...more });
    return [
      row(`watching ${LABS} labs at rest, 10 open tasks each`, rest, { goal: { p50: 15 } }),
      row(`the same while a loop runs in each of them`, moving, {}),
    ];
  } finally {
    await Promise.all(watched.map(progress => progress.release()));
    client.release();
    for (const lab of labs) await engine.call('disposeLab', { lab: lab.id });
  }
});

const hostOf = (lab: Lab) => ({ lab: lab.id, host: lab.hosts[0]!.id });
const run = (engine: Engine, lab: Lab, line: string) => runCommand(request => engine.call('exec', request), hostOf(lab), line);

async function share() {
  await delay(SETTLE_MS);
  const began = performance.now();
  const before = spent();
  await delay(FOR_MS);
  const after = spent();
  const percent = (name: string) => 100 * (after.get(name)! - before.get(name)!) / (performance.now() - began);
  const names = [...after.keys()];
  return { all: names.reduce((sum, name) => sum + percent(name), 0), parts: names.map(name => `${name} ${percent(name).toFixed(1)} %`).join(', ') };
}

const TICK_MS = 10;

/** Processor time in ms by process; the broker's with that of the readers it has had started. */
function spent(): Map<string, number> {
  const { user, system } = process.cpuUsage();
  const times = new Map([['grading', (user + system) / 1000]]);
  for (const { name, pid } of readStatus()!.services) {
    if (name === 'web' || !pid) continue;
    const family = [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)];
    times.set(name, family.reduce((sum, one) => sum + timeOf(one), 0));
  }
  return times;
}

/** With children that have ended: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, fields 14 to 17. */
function timeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) * TICK_MS;
}
