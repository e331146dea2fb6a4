// Rule 6, with learners who are bad neighbours on purpose: whatever one of them does, the other's keys come back, the engine answers both, and the lab can
// be disposed of. How fast is measured by bench/neighbours.ts; here it is only asked whether.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import type { Lab } from '../../runtime/lab/control.ts';
import { createTestLab, type TestLab } from '../engine/lab.ts';
import { until } from '../kernel/host.ts';
import { troubledLimits, troubles } from '../troubles.ts';

const KEYS = 50;
/** Nobody waits this long for a letter; a loaded machine may take some of it. */
const ANSWER_MS = 5_000;
const DISPOSE_MS = 15_000;

let neighbour: TestLab;
let typist: ShimConnection;
beforeAll(async () => {
  neighbour = await createTestLab('neighbour', { pull: ['busybox'] });
  typist = await terminalOf(neighbour.lab!);
});
afterAll(async () => {
  typist?.close();
  await neighbour?.dispose();
});

async function terminalOf(lab: Lab): Promise<ShimConnection> {
  const { socketPath } = await neighbour.engine.call('openTerminal', { lab: lab.id, host: 'h1', cols: 80, rows: 24 });
  const shim = await ShimConnection.open(socketPath);
  const prompt = new Promise<void>(resolve => shim.on('output', (_, data) => { if (/[#$] /.test(data.toString())) resolve(); }));
  shim.subscribe({ ring: true });
  await prompt;
  return shim;
}

async function inTime<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => { timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms); });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const echo = () => inTime(new Promise<void>(resolve => {
  typist.once('output', () => resolve());
  typist.stdin(Buffer.from('x'));
}), ANSWER_MS, 'an echo');

describe('a lab that', () => {
  for (const { what, line, begun } of troubles) test(`${what} is not felt by its neighbour, and can be disposed of`, async () => {
    const lab = await neighbour.engine.call('createLab', { name: 'bad', limits: troubledLimits });
    let bad: ShimConnection | undefined;
    try {
      bad = await terminalOf(lab);
      let output = '';
      let bytes = 0;
      bad.on('output', (_, data) => { bytes += data.length; output = (output + data.toString()).slice(-65_536); });
      bad.stdin(Buffer.from(`${line}\r`));
      await until(async () => {
        const [figures] = await neighbour.engine.call('figures', { labs: [lab.id] });
        return figures !== undefined && begun({ figures, output, bytes });
      }, `it ${what}`, 45_000).catch((error: unknown) => { throw new Error(`it showed: ${output.slice(-500)}`, { cause: error }); });

      for (let key = 0; key < KEYS; key++) await echo();
      typist.stdin(Buffer.from('\x15'));
      await inTime(neighbour.engine.call('inspectLab', { lab: lab.id }), ANSWER_MS, 'the engine');
      expect(await inTime(neighbour.ok('run --rm busybox echo fine'), 60_000, 'docker run')).toBe('fine');
    } finally {
      bad?.close();
      await inTime(neighbour.engine.call('disposeLab', { lab: lab.id }), DISPOSE_MS, 'disposing');
    }
  });
});
