// From what happens in a lab to the tick that a person sees: in a real browser, from the engine's time of the event (or the moment after a file was
// written, a process was started) to the frame after the page's task has changed.
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from '@playwright/test';
import { readStatus } from '../runtime/supervisor/status.ts';
import { controlVerbs, type Lab } from '../runtime/lab/control.ts';
import { engineSocket } from '../runtime/paths.ts';
import { RpcClient } from '../runtime/rpc.ts';
import { runCommand } from '../server/lab/commands.ts';
import { withEngine, type Engine } from './lab.ts';
import { summarise, type Row } from './report.ts';
import { idOf, TICKS, type Kind } from './ticks-lesson.ts';

const PATIENCE_MS = 30_000;

export const measureTicks = (): Promise<Row[]> => withEngine(async engine => {
  const before = new Set((await engine.call('listLabs', {})).map(lab => lab.id));
  const browser = await chromium.launch({ executablePath: process.env.SLIPWAY_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  let lab: Lab | undefined;
  try {
    const page = await browser.newPage({ baseURL: readStatus()!.url, viewport: { width: 1440, height: 900 } });
    // When each task was painted as done, in the clock that the machine's processes share.
    await page.addInitScript(() => {
      const painted: Record<string, number> = {};
      Object.assign(window, { painted });
      addEventListener('DOMContentLoaded', () => new MutationObserver(changes => {
        for (const { target } of changes) {
          const { task, state } = (target as unknown as { dataset: { task?: string; state?: string } }).dataset;
          if (task && state === 'done') requestAnimationFrame(() => requestAnimationFrame(() => { painted[task] ??= performance.timeOrigin + performance.now(); }));
        }
      }).observe(document.documentElement, { subtree: true, attributes: true, attributeFilter: ['data-state'] }));
    });
    await page.goto('/lessons/ticks');
    await page.getByTestId('status').filter({ hasText: /Connected/ }).waitFor({ timeout: PATIENCE_MS });
    lab = (await engine.call('listLabs', {})).find(one => !before.has(one.id))!;
    const painted = (id: string) => page.waitForFunction(task => (window as unknown as { painted: Record<string, number> }).painted[task], id, { timeout: PATIENCE_MS, polling: 100 }).then(value => value.jsonValue() as Promise<number>);
    const rows: Row[] = [];
    for (const [kind, what, goal] of [['event', 'a container started → its tick is painted', 200], ['file', 'a file written → its tick is painted', 1000], ['process', 'a process started → its tick is painted', 1000]] as const) {
      rows.push({ what, unit: 'ms', slipway: summarise(await tick(engine, lab, kind, painted)), goal: { p99: goal }, ...(kind === 'event' ? {} : { note: 'no event tells of it: read once a second' }) });
    }
    return rows;
  } finally {
    await browser.close();
    if (lab) await engine.call('disposeLab', { lab: lab.id });
  }
});

async function tick(engine: Engine, lab: Lab, kind: Kind, painted: (id: string) => Promise<number>): Promise<number[]> {
  const at = { lab: lab.id, host: lab.hosts[0]!.id };
  const run = async (line: string) => (await runCommand(request => engine.call('exec', request), at, line)).output;
  const starts = kind === 'event' ? await followStarts(at) : undefined;
  const samples: number[] = [];
  if (kind === 'event') for (let n = 0; n < TICKS; n++) await run(`docker create --name web${n} busybox sleep 900`);
  for (let n = 0; n < TICKS; n++) {
    await delay(300 + 137 * n % 700); // not in step with what looks once a second
    const command = { event: `docker start web${n}`, file: `echo written > /root/file${n}; date +%s%N`, process: `setsid sleep 7000${n} > /dev/null 2>&1 < /dev/null & date +%s%N` }[kind];
    const output = await run(command);
    const end = await painted(idOf(kind, n));
    samples.push(end - (starts ? await starts.timeOf(`web${n}`) : Number(/\d{19}/.exec(output)![0]) / 1e6));
  }
  starts?.close();
  return samples;
}

/** The engine's own time of each container's start. */
async function followStarts(at: { lab: string; host: string }) {
  const journal = new RpcClient(engineSocket, controlVerbs);
  const times = new Map<string, number>();
  journal.call('journal', { ...at, since: 0 }, { onItem: entry => {
    if (entry.kind === 'event' && entry.event.Action === 'start') times.set(entry.event.Actor.Attributes.name ?? '', entry.event.timeNano / 1e6);
  } }).catch(() => {}); // ends when it is closed
  return {
    async timeOf(name: string): Promise<number> {
      for (let tries = 0; !times.has(name) && tries < 100; tries++) await delay(20);
      return times.get(name) ?? Number.NaN;
    },
    close: () => journal.close(),
  };
}
