// `npm run bench`: how fast, side by side with a real dockerd where one can be had (SLIPWAY_BENCH_DOCKER_HOST, else /var/run/docker.sock).
// Prints a table, and writes the same as JSON to test-results/bench.json (or --json FILE). Measures an instance of its own; asserts nothing.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { testEnv } from '../test/place.ts';
import type { Row } from './report.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '20' }, json: { type: 'string', default: 'test-results/bench.json' }, only: { type: 'string' } } });
process.env.SLIPWAY_INSTANCE ??= 'bench';
Object.assign(process.env, { ...testEnv, SLIPWAY_INSTANCE: process.env.SLIPWAY_INSTANCE, SLIPWAY_RUN: process.env.SLIPWAY_RUN ?? '/run/slipway-bench', SLIPWAY_STATE: process.env.SLIPWAY_STATE ?? '/var/tmp/slipway-bench', /* of registries outside, until one is measured: none */ SLIPWAY_UPSTREAMS: `${process.env.SLIPWAY_STATE ?? '/var/tmp/slipway-bench'}/upstreams.json`, /* learners of their own addresses */ SLIPWAY_TRUST_PROXY: '1' });

const { runInstance, removePlaces } = await import('../test/run-instance.ts');
const { measureApi } = await import('./api.ts');
const { measureDocker, measureVerbs } = await import('./docker.ts');
const { measureOpening } = await import('./opening.ts');
const { measureFifty } = await import('./fifty.ts');
const { measureEcho } = await import('./echo.ts');
const { measureClass } = await import('./class.ts');
const { measureImages } = await import('./images.ts');
const { measureMemory } = await import('./memory.ts');
const { measureNeighbours } = await import('./neighbours.ts');
const { measureNetwork } = await import('./network.ts');
const { measurePreview } = await import('./preview.ts');
const { measureRegistry } = await import('./rows-registry.ts');
const { measureScale } = await import('./scale.ts');
const { measureTicks } = await import('./ticks.ts');
const { writeTicksLesson } = await import('./ticks-lesson.ts');
const { measureWatching } = await import('./watching.ts');
const { printRows } = await import('./report.ts');

const runs = Number(values.runs);
const parts: Record<string, () => Promise<Row[]>> = {
  docker: () => measureDocker(runs),
  verbs: () => measureVerbs(runs),
  api: () => measureApi(runs),
  fifty: () => measureFifty(),
  opening: () => measureOpening(runs),
  class: () => measureClass(),
  images: () => measureImages(runs),
  memory: () => measureMemory(),
  echo: () => measureEcho(),
  neighbours: () => measureNeighbours(),
  network: () => measureNetwork(runs),
  preview: () => measurePreview(runs),
  registry: () => measureRegistry(runs),
  scale: () => measureScale(),
  ticks: () => measureTicks(),
  watching: () => measureWatching(),
};

const lesson = writeTicksLesson();
process.env.SLIPWAY_LESSONS = lesson.folder;
const instance = await runInstance({ web: true });
try {
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (values.only && values.only !== name) continue;
    console.log(`measuring: ${name}`);
    rows.push(...(await measure()));
  }
  const machine = { cpus: `${cpus().length} × ${cpus()[0]?.model.trim()}`, memoryGiB: Math.round(totalmem() / 2 ** 30), kernel: release(), load: loadavg()[0]! };
  printRows(rows, machine);
  mkdirSync(dirname(values.json), { recursive: true });
  writeFileSync(values.json, JSON.stringify({ at: new Date().toISOString(), machine, rows }, null, 2));
  console.log(`\n${values.json}`);
} finally {
  await instance.stop();
  lesson.release();
  removePlaces();
}
