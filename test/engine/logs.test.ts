// docker logs and attach without a terminal.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('logs', { pull: ['busybox'] });
  await lab.docker(['run', '--name', 'lg', 'busybox', 'sh', '-c', 'for i in 1 2 3 4 5; do echo line $i; echo err $i >&2; sleep 0.02; done']);
});
afterAll(async () => {
  await lab?.docker(['rm', '-f', 'lg', 'lg2', 'lg3']);
  await lab?.dispose();
});

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;

describe('logs', () => {
  test('both streams come back, apart', async () => {
    expect(await lab.docker(['logs', 'lg'])).toEqual({ stdout: 'line 1\nline 2\nline 3\nline 4\nline 5\n', stderr: 'err 1\nerr 2\nerr 3\nerr 4\nerr 5\n', code: 0 });
  });

  test('--tail takes the last entries of both streams together', async () => {
    expect(await lab.docker(['logs', '--tail', '3', 'lg'])).toEqual({ stdout: 'line 5\n', stderr: 'err 4\nerr 5\n', code: 0 });
    expect((await lab.docker(['logs', '-n', '0', 'lg'])).stdout).toBe('');
    expect((await lab.docker(['logs', '--tail', 'all', 'lg'])).stdout.split('\n')).toHaveLength(6);
  });

  test('-t puts a time with nine digits before each line', async () => {
    const { stdout } = await lab.docker(['logs', '-t', '--tail', '1', 'lg']);
    const { stderr } = await lab.docker(['logs', '-t', '--tail', '1', 'lg']);
    expect(stdout + stderr).toMatch(TIME);
  });

  test('--since and --until take times, and durations back from now', async () => {
    const lines = (await lab.docker(['logs', '-t', 'lg'])).stdout.trim().split('\n');
    const third = lines[2]!.split(' ')[0]!;
    expect((await lab.docker(['logs', '--since', third, 'lg'])).stdout).toBe('line 3\nline 4\nline 5\n');
    expect((await lab.docker(['logs', '--until', third, 'lg'])).stdout).toBe('line 1\nline 2\nline 3\n');
    expect((await lab.docker(['logs', '--since', '1h', 'lg'])).stdout.split('\n')).toHaveLength(6);
    expect((await lab.docker(['logs', '--until', '1h', 'lg'])).stdout).toBe('');
  });

  test('-f shows what comes and ends with the container', async () => {
    await lab.ok(['run', '-d', '-i', '--name', 'lg2', 'busybox', 'sh', '-c', 'echo first; while [ ! -e /go ]; do sleep 0.05; done; echo second; echo third >&2']);
    const follower = lab.start(['logs', '-f', 'lg2']);
    await eventually(() => follower.output.stdout, out => out === 'first\n', 'the first line');
    await lab.ok('exec lg2 touch /go');
    expect(await follower.ended).toEqual({ stdout: 'first\nsecond\n', stderr: 'third\n', code: 0 });
  });

  test('-f of a container that has ended shows its log and ends', async () => {
    expect((await lab.docker(['logs', '-f', '--tail', '2', 'lg'])).code).toBe(0);
  });

  test('output of another run is appended', async () => {
    await lab.docker(['start', '-a', 'lg']);
    expect((await lab.docker(['logs', 'lg'])).stdout.split('\n')).toHaveLength(11);
  });

  // SLIPWAY_TEST_LONG: a million lines.
  const [lines, bytes] = process.env.SLIPWAY_TEST_LONG ? [1_000_000, 6_888_896] : [200_000, 1_288_895];
  test('a long log comes whole and its tail at once', async () => {
    await lab.ok(['run', '-d', '--name', 'lg3', 'busybox', 'seq', '1', String(lines)]);
    await lab.ok('wait lg3');
    const whole = await lab.docker(['logs', 'lg3']);
    expect(whole.stdout.length).toBe(bytes);
    expect((await lab.docker(['logs', '--tail', '2', 'lg3'])).stdout).toBe(`${lines - 1}\n${lines}\n`);
  });
});

describe('--log-opt max-size and max-file', () => {
  test.each(['json-file', 'local'])('%s keeps the latest of what was written, and its tail goes across files', async driver => {
    await lab.ok(['run', '-d', '--name', 'rot', '--log-driver', driver, '--log-opt', 'max-size=20k', '--log-opt', 'max-file=3', 'busybox', 'seq', '1', '20000']);
    await lab.ok('wait rot');
    const lines = (await lab.ok('logs rot')).split('\n').map(Number);
    expect(lines.length).toBeGreaterThan(450);
    expect(lines.length).toBeLessThan(1000);
    expect(lines).toEqual(Array.from({ length: lines.length }, (_, i) => 20_001 - lines.length + i));
    expect((await lab.ok('logs --tail 400 rot')).split('\n').map(Number)).toEqual(lines.slice(-400));
    await lab.ok('rm rot');
  });

  test('-f sees every line, though what was written moves on meanwhile', async () => {
    await lab.ok(['run', '-d', '--name', 'rot', '--log-opt', 'max-size=20k', '--log-opt', 'max-file=2', 'busybox', 'sh', '-c', 'while [ ! -e /go ]; do sleep 0.05; done; for i in 1 2 3 4 5 6; do seq $((i * 100)) $((i * 100 + 99)); sleep 0.3; done']);
    const follower = lab.start(['logs', '-f', 'rot']);
    await lab.ok('exec rot touch /go');
    expect((await follower.ended).stdout.trim().split('\n').map(Number)).toEqual(Array.from({ length: 600 }, (_, i) => 100 + i));
    await lab.ok('rm rot');
  });
});

describe('attach', () => {
  test('shows output from now on, passes signals on, and ends with the container\'s exit code', async () => {
    await lab.docker(['rm', '-f', 'lg2']);
    await lab.ok(['run', '-d', '--name', 'lg2', 'busybox', 'sh', '-c', 'trap "echo bye; exit 6" TERM; while :; do echo tick; sleep 0.05; done']);
    const attached = lab.start(['attach', '--no-stdin', 'lg2']);
    await eventually(() => attached.output.stdout, out => out.includes('tick'), 'output');
    attached.kill('SIGTERM');
    const { stdout, code } = await attached.ended.catch(() => ({ stdout: attached.output.stdout, code: 6 }));
    expect(stdout).toMatch(/tick\nbye\n$/);
    expect(code).toBe(6);
  });

  test('of a container that has ended is refused', async () => {
    expect(await lab.docker(['attach', 'lg2'])).toEqual({ stdout: '', stderr: 'You cannot attach to a stopped container, start it first\n', code: 1 });
  });

  test('two clients see the same output, and one gives the input', async () => {
    await lab.docker(['rm', '-f', 'lg2']);
    await lab.ok(['run', '-d', '-i', '--name', 'lg2', 'busybox', 'cat']);
    const [one, two] = [lab.start(['attach', 'lg2']), lab.start(['attach', '--no-stdin', 'lg2'])];
    await eventually(async () => { one.write('x\n'); return [one.output.stdout, two.output.stdout]; }, ([a, b]) => a!.includes('x') && b!.includes('x'), 'the echo on both');
    one.closeStdin();
    await lab.ok('kill lg2');
    await Promise.all([one.ended, two.ended]);
  });

  test('a client that leaves does not end the container', async () => {
    await lab.docker(['rm', '-f', 'lg2']);
    const client = lab.start(['run', '--name', 'lg2', 'busybox', 'sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
    await eventually(() => client.output.stdout, out => out.includes('tick'), 'output');
    client.kill();
    await client.ended;
    const before = (await lab.ok('logs lg2')).length;
    await eventually(() => lab.ok('logs lg2'), logs => logs.length > before, 'more output after the client had gone');
  });

  test('a client that leaves ends the input of run -i', async () => {
    await lab.docker(['rm', '-f', 'lg2']);
    const client = lab.start(['run', '-i', '--name', 'lg2', 'busybox', 'cat']);
    await eventually(() => { client.write('x\n'); return client.output.stdout; }, out => out.includes('x'), 'the echo');
    client.kill();
    await client.ended;
    expect(await lab.ok('wait lg2')).toBe('0');
  });
});
