// One learner types; what do they feel of another who is a bad neighbour (test/troubles.ts), and of thirty labs being made? The goal is twice the quiet
// value. Everybody comes through the web process, as browsers do.
import { setTimeout as delay } from 'node:timers/promises';
import type { Lab } from '../runtime/lab/control.ts';
import { until } from '../test/run-instance.ts';
import { troubles } from '../test/troubles.ts';
import { disposeLabsLeft } from '../test/warm.ts';
import { withEngine, type Engine } from './lab.ts';
import { learner, openTerminal, type, type Terminal } from './learner.ts';
import { summarise, type Row } from './report.ts';

const KEYS = 200;
const PAUSE_MS = 50;
const LABS = 30;
const BEGUN_MS = 60_000;

export const measureNeighbours = () => withEngine(async engine => {
  const { client } = await learner();
  try {
    const typist = await openTerminal(client);
    await type(typist, KEYS, PAUSE_MS); // code is compiled
    const quiet = [...await type(typist, KEYS * 2, PAUSE_MS)];
    const rows: Row[] = [];
    for (const trouble of troubles) {
      const row = { what: `  while another ${trouble.what}`, unit: 'ms' } as const;
      rows.push(await besides(engine, typist, trouble).then(samples => ({ ...row, slipway: summarise(samples) }), (error: unknown) => ({ ...row, slipway: 'not measured' as const, note: String(error) })));
    }
    rows.push({ what: `  while ${LABS} labs are made ready`, unit: 'ms', slipway: summarise(await whileMaking(engine, typist)) });
    quiet.push(...await type(typist, KEYS * 2, PAUSE_MS));
    const summary = summarise(quiet);
    return [
      { what: 'key to echo of one who types, quiet', unit: 'ms', slipway: summary } satisfies Row,
      ...rows.map(row => ({ ...row, goal: { p99: Math.round(summary.p99 * 200) / 100 } })),
    ];
  } finally {
    client.disconnect();
    await disposeLabsLeft();
  }
});

async function besides(engine: Engine, typist: Terminal, { line, begun }: (typeof troubles)[number]): Promise<number[]> {
  const before = new Set((await engine.call('listLabs', {})).map(lab => lab.id));
  const { client } = await learner();
  const lab = (await engine.call('listLabs', {})).find(one => !before.has(one.id)) as Lab;
  try {
    const terminal = await openTerminal(client);
    client.emit('terminal:input', terminal.id, `${line}\r`);
    await until(async () => {
      const [figures] = await engine.call('figures', { labs: [lab.id] });
      return figures !== undefined && begun({ figures, output: terminal.output(), bytes: terminal.bytes() });
    }, BEGUN_MS);
    return await type(typist, KEYS, PAUSE_MS);
  } finally {
    client.disconnect();
    await engine.call('disposeLab', { lab: lab.id });
    await delay(500);
  }
}

async function whileMaking(engine: Engine, typist: Terminal): Promise<number[]> {
  await engine.call('pool', { min: LABS, max: LABS });
  const samples: number[] = [];
  try {
    while ((await engine.call('pool', {})).ready < LABS) samples.push(...await type(typist, 20, PAUSE_MS));
    return samples;
  } finally {
    await engine.call('pool', { min: 0, max: 0 });
  }
}
