import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Step } from '../kernel/protocol.ts';
import { atOnce } from './at-once.ts';

const dir = mkdtempSync(join(tmpdir(), 'slipway-at-once-'));
afterAll(() => rmSync(dir, { recursive: true }));
const script = (text: string, ...words: string[]): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', text, 'sh', ...words] });
const scriptOf = (steps: Step[]) => (steps.at(-1) as Extract<Step, { do: 'run' }>).argv[3]!;

test('lanes wait for each other, each has its own input and words, and what is not a run comes first', () => {
  const mkdir: Step = { do: 'mkdir', path: '/x', mode: 0o755 };
  const steps = atOnce(
    [script('until [ -e "$1/second" ]; do :; done; : > "$1/first"', dir), { do: 'unlink', path: join(dir, 'second') }],
    [mkdir, { ...script('echo "$2: $(cat)" > "$1/second.new"; mv "$1/second.new" "$1/second"; until [ -e "$1/first" ]; do :; done; mv "$1/first" "$1/third"; echo "$2" > "$1/third"', dir, "it's"), stdin: '$a `b`\n' } as Step],
  );
  expect(steps.map(step => step.do)).toEqual(['mkdir', 'run']);
  execFileSync('sh', ['-c', scriptOf(steps)], { timeout: 10_000 });
  expect(readFileSync(join(dir, 'third'), 'utf8')).toBe("it's\n");
  expect(existsSync(join(dir, 'second'))).toBe(false);
});

test('one lane that fails ends there, says why, and keeps no other from its end', () => {
  const steps = atOnce([script('echo "docker: no"; exit 3'), script(': > "$1/never"', dir)], [script(': > "$1/other"', dir)]);
  const { status, stdout } = spawnSync('sh', ['-c', scriptOf(steps)], { encoding: 'utf8', timeout: 10_000 });
  expect({ status, stdout }).toEqual({ status: 1, stdout: 'docker: no\n' });
  expect([existsSync(join(dir, 'never')), existsSync(join(dir, 'other'))]).toEqual([false, true]);
});

test('what stays behind a script keeps nobody waiting', () => {
  const started = performance.now();
  execFileSync('sh', ['-c', scriptOf(atOnce([script('( sleep 20 ) >/dev/null 2>&1 </dev/null &')], [script(':')]))], { timeout: 10_000 });
  expect(performance.now() - started).toBeLessThan(10_000);
});
