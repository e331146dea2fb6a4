// From "a lab, please" to the prompt in its first terminal.
import { ShimConnection } from '../runtime/kernel/shim.ts';
import { withEngine, type Engine } from './lab.ts';
import { summarise, type Row } from './report.ts';

export const measureOpening = (runs: number) => withEngine(async engine => {
  const created: number[] = [];
  const prompted: number[] = [];
  const disposed: number[] = [];
  for (let turn = -1; turn < runs; turn++) {
    const times = await openOnce(engine);
    if (turn < 0) continue;
    created.push(times.created);
    prompted.push(times.prompted);
    disposed.push(times.disposed);
  }
  const rows: Row[] = [
    { what: 'a lab to its prompt', unit: 'ms', slipway: summarise(prompted), goal: { p50: 400 } },
    { what: '  of that, making the lab', unit: 'ms', slipway: summarise(created) },
    { what: 'disposing of a lab', unit: 'ms', slipway: summarise(disposed) },
  ];
  return rows;
});

async function openOnce(engine: Engine) {
  const start = performance.now();
  const lab = await engine.call('createLab', { name: 'bench' });
  const created = performance.now() - start;
  const terminal = await engine.call('openTerminal', { lab: lab.id, host: lab.hosts[0]!.id, cols: 80, rows: 24 });
  const shim = await ShimConnection.open(terminal.socketPath);
  shim.subscribe({ ring: true });
  await promptOf(shim);
  const prompted = performance.now() - start;
  shim.close();
  const disposing = performance.now();
  await engine.call('disposeLab', { lab: lab.id });
  return { created, prompted, disposed: performance.now() - disposing };
}

/** Resolves when the shell waits for input: its output ends with root's prompt. */
function promptOf(shim: ShimConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = '';
    shim.on('output', (_stream, data) => {
      output += data.toString();
      // Colours and titles of the prompt taken away.
      if (/[#$] ?$/.test(output.replaceAll(/\x1b\[[0-9;?]*[a-zA-Z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)/g, ''))) resolve();
    });
    shim.once('end', end => reject(new Error(`the terminal ended before its prompt: ${JSON.stringify(end)} ${output}`)));
  });
}
