import { describe, expect, it } from 'vitest';
import { createBodySchema } from './config.ts';
import { mergeConfig } from './merge-config.ts';
import { newContainerId } from './names.ts';
import { nextDelay, wantsRestart } from './restart-policy.ts';
import { inDockersWords, runtimeMessage } from './runtime-errors.ts';
import { signalNumber } from './signals.ts';
import { filterProcesses } from './top.ts';
import { lookUp } from './user.ts';

const config = (body: Record<string, unknown>) => createBodySchema.parse(body);

it('has no id whose short form is a number, since resolvers take such a host name for an address', () => {
  const ids = [`${'470083369956'}${'c'.repeat(52)}`, `${'47008336995d'}${'0'.repeat(52)}`];
  expect(newContainerId(() => ids.shift()!)).toBe(`${'47008336995d'}${'0'.repeat(52)}`);
});

describe('merging with the image\'s configuration', () => {
  const image = { Env: ['PATH=/bin', 'A=image'], Cmd: ['sh'], Entrypoint: ['/entry'], WorkingDir: '/srv', User: 'www', Labels: { a: 'image', b: 'image' } };

  it('takes the image\'s command, directory and user when the client says nothing', () => {
    expect(mergeConfig(config({}), image)).toMatchObject({ Cmd: ['sh'], Entrypoint: ['/entry'], WorkingDir: '/srv', User: 'www', Env: ['PATH=/bin', 'A=image'] });
  });

  it('drops the image\'s command when the client has an entrypoint of its own', () => {
    expect(mergeConfig(config({ Entrypoint: ['echo'] }), image)).toMatchObject({ Entrypoint: ['echo'], Cmd: null });
    expect(mergeConfig(config({ Entrypoint: [''], Cmd: ['ls'] }), image)).toMatchObject({ Entrypoint: null, Cmd: ['ls'] });
  });

  it('lets the client\'s environment and labels win', () => {
    const merged = mergeConfig(config({ Env: ['A=mine'], Labels: { a: 'mine' } }), image);
    expect(merged.Env).toEqual(['A=mine', 'PATH=/bin']);
    expect(merged.Labels).toEqual({ a: 'mine', b: 'image' });
  });
});

describe('a start that failed, in Docker\'s words', () => {
  it.each([
    ['executable file `foo` not found in $PATH: No such file or directory', 'foo', 'unable to start container process: exec: "foo": executable file not found in $PATH: unknown', 127],
    ['executable file `/foo/bar` not found: No such file or directory', '/foo/bar', 'unable to start container process: exec: "/foo/bar": stat /foo/bar: no such file or directory: unknown', 127],
    ['the path `/etc` is not a regular file: Operation not permitted', '/etc', 'unable to start container process: exec: "/etc": is a directory: unknown: permission denied', 126],
    ['the path `/etc/passwd` exists but it is not executable: Permission denied', '/etc/passwd', 'unable to start container process: exec: "/etc/passwd": permission denied: unknown', 126],
    ['something else', 'x', 'unable to start container process: something else: unknown', 128],
  ])('%s', (message, path, text, exitCode) => {
    expect(inDockersWords(message, path, '/')).toEqual({ text, exitCode });
  });

  it('is read from the runtime\'s last line', () => {
    expect(runtimeMessage('{"msg":"a warning","level":"warning"}\n{"msg":"the reason","level":"error"}\n')).toBe('the reason');
    expect(runtimeMessage('plain words\n')).toBe('plain words');
  });
});

describe('signals', () => {
  it.each([['KILL', 9], ['SIGTERM', 15], ['hup', 1], ['9', 9], ['RTMIN+3', 37], ['SIGRTMAX', 64]])('%s is %i', (text, number) => expect(signalNumber(text)).toBe(number));
  it('refuses others as dockerd does', () => {
    expect(() => signalNumber('FOO')).toThrow('invalid signal: FOO');
    expect(() => signalNumber('99')).toThrow('the linux daemon does not support signal 99');
  });
});

describe('users of an image', () => {
  const accounts = {
    passwd: [{ name: 'root', uid: 0, gid: 0 }, { name: 'www', uid: 33, gid: 34 }],
    group: [{ name: 'www', gid: 34, members: [] }, { name: 'media', gid: 50, members: ['www'] }],
  };
  it.each<[string, [number, number, number[]]]>([
    ['www', [33, 34, [34, 50]]], ['33', [33, 34, [34, 50]]], ['www:media', [33, 50, [50]]], ['1000', [1000, 0, [0]]], ['1000:www', [1000, 34, [34]]],
  ])('%s', (user, [uid, gid, additionalGids]) => expect(lookUp(accounts, user, [])).toEqual({ uid, gid, additionalGids }));
  it('that are not there are refused', () => {
    expect(() => lookUp(accounts, 'foo', [])).toThrow('unable to find user foo: no matching entries in passwd file');
    expect(() => lookUp(accounts, 'www:foo', [])).toThrow('unable to find group foo: no matching entries in group file');
  });
});

describe('top', () => {
  it('shows the processes of the container, the command whole', () => {
    expect(filterProcesses('UID PID CMD\nroot 1 init\nroot 42 sleep 10 x\n', new Set([42]))).toEqual({ Titles: ['UID', 'PID', 'CMD'], Processes: [['root', '42', 'sleep 10 x']] });
  });
  it('wants a column of pids', () => expect(() => filterProcesses('UID CMD\n', new Set())).toThrow('Couldn\'t find PID field in ps output'));
});

describe('a restart policy', () => {
  const wants = (Name: string, exitCode: number, more: { restartCount?: number; stoppedByUser?: boolean; max?: number } = {}) => wantsRestart({
    hostConfig: config({ HostConfig: { RestartPolicy: { Name, MaximumRetryCount: more.max ?? 0 } } }).HostConfig, restartCount: more.restartCount ?? 0, stoppedByUser: more.stoppedByUser ?? false,
  }, exitCode);

  it('always and unless-stopped bring a container back, whatever its exit code', () => {
    expect([wants('always', 0), wants('unless-stopped', 1)]).toEqual([true, true]);
    expect([wants('no', 1), wants('', 1)]).toEqual([false, false]);
  });

  it('on-failure brings it back after a failure, as often as allowed', () => {
    expect([wants('on-failure', 0), wants('on-failure', 1), wants('on-failure', 1, { max: 2, restartCount: 1 }), wants('on-failure', 1, { max: 2, restartCount: 2 })]).toEqual([false, true, true, false]);
  });

  it('gives way to a stop', () => expect(wants('always', 137, { stoppedByUser: true })).toBe(false));
});

it('waits 100 ms before the first restart, twice as long before each next one, a minute at most, and begins anew after a run of ten seconds', () => {
  const waits = Array.from({ length: 12 }).reduce<number[]>(all => [...all, nextDelay(all.at(-1) ?? 0, 5)], []);
  expect(waits).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 60_000, 60_000]);
  expect([nextDelay(60_000, 9_999), nextDelay(60_000, 10_000)]).toEqual([60_000, 100]);
});
