// The native program's parsers under the address and undefined-behaviour sanitizers, with made-up input.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

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

test('a broken configuration ends the program with a sentence, not with a signal', () => {
  const program = join(import.meta.dirname, '../../dist/slipway-native');
  for (const input of [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.from([1, 0, 0, 0, 0x78, 0])]) {
    const { status, stderr } = spawnSync(program, ['task'], { input, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^configuration[: ]/);
  }
});
