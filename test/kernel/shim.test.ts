// The native shim, through the broker, in real hosts: what a task's stdio, exit code and log are.
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { containerLog, taskSocket, taskStatus } from '../../runtime/paths.ts';
import { collect, makeHost, PATH, until, type TestHost } from './host.ts';

let host: TestHost;
beforeAll(async () => { host = await makeHost(); });
afterAll(() => host?.dispose());

describe('a task', () => {
  test('keeps stdout and stderr apart and gives the exact exit code', async () => {
    expect(await host.sh('echo out; echo err >&2; exit 42')).toEqual({ stdout: 'out\n', stderr: 'err\n', end: { kind: 'exited', code: 42 } });
  });

  test('that dies of a signal ends with 128 and its number', async () => {
    expect((await host.sh('kill -TERM $$')).end).toEqual({ kind: 'exited', code: 143 });
  });

  test('gets stdin to its end', async () => {
    const task = await host.start({ argv: ['/bin/cat'], io: { kind: 'pipes', stdin: true } });
    const ran = collect(task);
    task.go();
    task.stdin(Buffer.from('hello '));
    task.stdin(Buffer.from('world'));
    task.closeStdin();
    expect(await ran).toMatchObject({ stdout: 'hello world', end: { kind: 'exited', code: 0 } });
  });

  test('gets all of what was sent before it started, and its end', async () => {
    const task = await host.start({ argv: ['/usr/bin/wc', '-c'], io: { kind: 'pipes', stdin: true } });
    const ran = collect(task);
    for (let i = 0; i < 10; i++) task.stdin(Buffer.alloc(50_000, 'x'));
    task.closeStdin();
    task.go();
    expect(await ran).toMatchObject({ stdout: '500000\n', end: { kind: 'exited', code: 0 } });
  });

  test('loses no byte of 20 MB through a reader that stops for a while', async () => {
    const task = await host.start({ argv: ['/bin/bash', '-c', 'head -c 20000000 /dev/zero'] });
    let bytes = 0;
    task.on('output', (_, data) => {
      const before = bytes;
      bytes += data.length;
      if (before < 5_000_000 && bytes >= 5_000_000) { task.pause(); setTimeout(() => task.resume(), 100); }
    });
    const ended = new Promise(resolve => task.on('end', resolve));
    task.go();
    expect(await ended).toEqual({ kind: 'exited', code: 0 });
    expect(bytes).toBe(20_000_000);
  });

  test('writes no more than a bounded amount while nobody reads', async () => {
    const task = await host.start({ argv: ['/bin/bash', '-c', 'while head -c 65536 /dev/zero; do echo x >> /tmp/written; done'] });
    task.pause();
    task.go();
    const written = async () => Number((await host.sh('wc -l < /tmp/written 2>/dev/null || echo 0')).stdout);
    let last = -1;
    await until(async () => { const now = await written(); const same = now === last && now > 0; last = now; return same; }, 'the writer stands still');
    expect(last * 65536).toBeLessThan(4 << 20);
    task.signal(9);
    task.resume();
  });

  test('answers a signal sent through the shim', async () => {
    const task = await host.start({ argv: ['/bin/bash', '-c', 'trap "echo caught; exit 3" USR1; echo ready; while :; do sleep 0.05; done'] });
    const ran = collect(task);
    task.on('output', (_, data) => { if (data.toString().includes('ready')) task.signal(10); });
    task.go();
    expect(await ran).toMatchObject({ stdout: 'ready\ncaught\n', end: { kind: 'exited', code: 3 } });
  });

  test('that cannot be executed fails in words', async () => {
    const task = await host.start({ argv: ['/no/such/program'] });
    const ran = collect(task);
    task.go();
    expect((await ran).end).toEqual({ kind: 'failed', message: 'exec /no/such/program: No such file or directory' });
  });

  test('whose step fails says which, and is not started', async () => {
    const task = await host.start({ argv: ['/bin/touch', '/tmp/started'], before: [{ do: 'mount', type: 'nonsense', source: 'x', target: '/mnt', flags: 0, data: '' }] });
    const { end } = await collect(task);
    expect(end).toEqual({ kind: 'failed', message: 'mount nonsense on /mnt: No such device' });
    expect((await host.sh('test -e /tmp/started')).end).toEqual({ kind: 'exited', code: 1 });
  });

  test('is killed at its deadline', async () => {
    const ran = await host.sh('sleep 1000', { deadlineMs: 300 });
    expect(ran.end).toEqual({ kind: 'exited', code: 137 });
  });

  test('ends although a child in the background holds its stdout', async () => {
    expect(await host.sh('sleep 1000 & echo done')).toMatchObject({ stdout: 'done\n', end: { kind: 'exited', code: 0 } });
    await host.sh('pkill -f "sleep 1000"');
  });

  test('serves several clients, late ones from the ring', async () => {
    const first = await host.start({ argv: ['/bin/bash', '-c', 'echo early; read line; echo "got $line"'], io: { kind: 'pipes', stdin: true }, ringBytes: 4096, id: 'ring-test' });
    const firstRan = collect(first);
    const early = new Promise<void>(resolve => first.once('output', () => resolve()));
    first.go();
    await early;
    const second = await ShimConnection.open(taskSocket(host.ref.lab, host.ref.host, 'ring-test'));
    const secondRan = collect(second);
    second.subscribe({ ring: true });
    second.stdin(Buffer.from('this\n'));
    expect((await firstRan).stdout).toBe('early\ngot this\n');
    expect((await secondRan).stdout).toBe('early\ngot this\n');
  });

  test('leaves its end in the status file, for an engine that was away', async () => {
    await host.sh('exit 9', { id: 'status-test' });
    const path = taskStatus(host.ref.lab, host.ref.host, 'status-test');
    await until(() => readFileSync(path, 'utf8').includes('exited'), 'the exit is written');
    expect(JSON.parse(readFileSync(path, 'utf8').trim().split('\n').at(-1)!)).toMatchObject({ event: 'exited', code: 9 });
    await host.broker.call('forgetTask', { ...host.ref, task: 'status-test' });
    expect(existsSync(path)).toBe(false);
  });

  test('is gone from the list of tasks when it has ended, and in it before', async () => {
    const task = await host.start({ argv: ['/bin/sleep', '1000'], id: 'listed' });
    task.go();
    expect(await host.broker.call('listTasks', host.ref)).toContain('listed');
    const lost = new Promise(resolve => task.on('end', resolve));
    await host.broker.call('killTask', { ...host.ref, task: 'listed' });
    expect(await lost).toEqual({ kind: 'lost' });
    await until(async () => !(await host.broker.call('listTasks', host.ref)).includes('listed'), 'the task is gone');
  });
});

describe('a terminal', () => {
  const pty = (argv: string[]) => host.start({ argv, io: { kind: 'pty', cols: 91, rows: 33 }, env: [PATH, 'TERM=xterm'] });

  test('is a real tty of its size, and resizes', async () => {
    const task = await pty(['/bin/bash', '-c', 'stty size; tty; read -s x; stty size']);
    const ran = collect(task);
    task.on('output', (_, data) => { if (data.includes('/dev/pts')) { task.resize(120, 40); task.stdin(Buffer.from('\n')); } });
    task.go();
    expect((await ran).stdout.replaceAll('\r', '')).toMatch(/^33 91\n\/dev\/pts\/\d+\n\n?40 120\n$/);
  });

  test('turns ctrl-c into an interrupt', async () => {
    const task = await pty(['/bin/bash', '-c', 'trap "exit 5" INT; echo ready; while :; do sleep 0.05; done']);
    const ran = collect(task);
    task.once('output', () => task.stdin(Buffer.from('\x03')));
    task.go();
    expect((await ran).end).toEqual({ kind: 'exited', code: 5 });
  });
});

describe('a log', () => {
  test('is Docker’s json-file, with every byte that has a newline or comes last', async () => {
    await host.sh(`printf 'one\\n"two" <&>\\t\\001\\n\\377bad\\n'; printf err >&2; printf 'last'`, { log: 'logtest' });
    const entries = readFileSync(containerLog(host.ref.lab, host.ref.host, 'logtest'), 'utf8').trim().split('\n').map(line => JSON.parse(line) as { log: string; stream: string; time: string });
    expect(entries.filter(e => e.stream === 'stdout').map(e => e.log)).toEqual(['one\n', '"two" <&>\t\x01\n', '\ufffdbad\n', 'last']);
    expect(entries.filter(e => e.stream === 'stderr').map(e => e.log)).toEqual(['err']);
    for (const e of entries) expect(e.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  });

  test('splits a line of more than 16 KiB as Docker does', async () => {
    await host.sh(`head -c 20000 /dev/zero | tr '\\0' x; echo`, { log: 'longline' });
    const entries = readFileSync(containerLog(host.ref.lab, host.ref.host, 'longline'), 'utf8').trim().split('\n').map(line => (JSON.parse(line) as { log: string }).log);
    expect(entries.map(e => e.length)).toEqual([16384, 20001 - 16384]);
  });

  test('stops at its limit and says so', async () => {
    await host.sh('yes | head -c 100000', { log: 'fulllog', logMaxBytes: 10_000 });
    const text = readFileSync(containerLog(host.ref.lab, host.ref.host, 'fulllog'), 'utf8');
    expect(text.length).toBeLessThan(10_500);
    expect(text.trim().split('\n').at(-1)).toContain('this log has reached its limit');
  });

  test('can be read in the host but not written', async () => {
    await host.sh('echo seen', { log: 'readable' });
    expect(await host.sh('cat /var/lib/docker/containers/readable/readable-json.log; echo forged >> /var/lib/docker/containers/readable/readable-json.log')).toMatchObject({
      stdout: expect.stringContaining('seen'), stderr: expect.stringMatching(/Read-only file system|Permission denied/),
    });
  });
});
