// The native program's parsers under the address and undefined-behaviour sanitizers, with made-up input.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from './host.ts';

const native = join(import.meta.dirname, '../../runtime/native');
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-fuzz-'));
  const sources = ['fuzz/fuzz.c', 'config.c', 'json_log.c', 'fail.c'].map(file => join(native, file));
  execFileSync('gcc', ['-std=gnu17', '-g', '-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', ...sources, '-o', join(dir, 'fuzz')]);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each([1, 2, 3])('parsers withstand 100,000 inputs (seed %i), and every line of a log is JSON', seed => {
  const { status, stdout, stderr } = spawnSync(join(dir, 'fuzz'), ['100000', String(seed)], { encoding: 'utf8', maxBuffer: 1 << 28 });
  expect(stdout, stderr.slice(-2000)).toBe('no finding\n');
  expect(status).toBe(0);
  for (const line of stderr.split('\n').filter(Boolean)) expect(() => JSON.parse(line), line).not.toThrow();
});

test('a broken configuration is answered with a sentence, and the next is served', async () => {
  const child = spawn(join(import.meta.dirname, '../../dist/slipway-native'), ['serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answers = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => { answers = Buffer.concat([answers, chunk]); });
  const inputs = [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.from([1, 0, 0, 0, 0x78, 0])];
  for (const [i, input] of inputs.entries()) {
    const header = Buffer.alloc(8);
    header.writeUInt32LE(i, 0);
    header.writeUInt32LE(input.length, 4);
    child.stdin.write(Buffer.concat([header, input]));
  }
  const parse = () => {
    const said: { id: number; status: number; text: string }[] = [];
    for (let at = 0; at + 12 <= answers.length; at += 12 + answers.readUInt32LE(at + 8)) said.push({ id: answers.readUInt32LE(at), status: answers.readUInt32LE(at + 4), text: answers.subarray(at + 12, at + 12 + answers.readUInt32LE(at + 8)).toString() });
    return said.sort((a, b) => a.id - b.id);
  };
  await until(() => parse().length === inputs.length, 'all are answered');
  expect(parse().map(a => a.status)).toEqual([256, 256, 256]); // as of wait(2): exit code 1
  for (const { text } of parse()) expect(text).toMatch(/^configuration[: ]/);
  const ended = new Promise(resolve => child.once('exit', resolve));
  child.stdin.end();
  expect(await ended).toBe(0);
});
