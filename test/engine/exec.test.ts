// docker exec, top, port: in a running container, as dockerd 26.1.5 answers.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, normalise, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('exec', { pull: ['busybox'] });
  await lab.ok('run -d --name ex -p 18080:80 -p 127.0.0.1:18443:443/udp busybox sleep 1000');
  await lab.ok('create --name excreated busybox true');
});
afterAll(async () => {
  await lab?.docker(['rm', '-f', 'ex', 'excreated']);
  await lab?.dispose();
});

const exec = (...args: string[]) => lab.docker(['exec', ...args]);
const OCI = 'OCI runtime exec failed: exec failed: unable to start container process: ';

describe('exec', () => {
  test('output streams apart, exit code exact', async () => {
    expect(await exec('ex', 'sh', '-c', 'echo out; echo err >&2; exit 9')).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 9 });
  });

  test('-i gives input until its end', async () => {
    expect(await lab.docker(['exec', '-i', 'ex', 'cat'], { stdin: 'hi\n' })).toEqual({ stdout: 'hi\n', stderr: '', code: 0 });
    expect(await lab.docker(['exec', 'ex', 'cat'], { stdin: 'hi\n' })).toEqual({ stdout: '', stderr: '', code: 0 });
  });

  test.each<[string, string[], string]>([
    ['-w', ['-w', '/tmp', 'ex', 'pwd'], '/tmp'],
    ['-u', ['-u', '1000', 'ex', 'id', '-u'], '1000'],
    ['-e', ['-e', 'A=2', 'ex', 'sh', '-c', 'echo $A'], '2'],
  ])('%s', async (_, args, expected) => {
    expect(await exec(...args)).toEqual({ stdout: `${expected}\n`, stderr: '', code: 0 });
  });

  test('-d goes on by itself', async () => {
    expect(await exec('-d', 'ex', 'touch', '/detached')).toEqual({ stdout: '', stderr: '', code: 0 });
    await eventually(() => exec('ex', 'ls', '/detached'), answer => answer.code === 0, 'the detached command');
  });

  test.each<[string, string[], string, number]>([
    ['an unknown command', ['ex', 'nosuch'], `${OCI}exec: "nosuch": executable file not found in $PATH: unknown\n`, 126],
    ['a file that is not executable', ['ex', '/etc/passwd'], `${OCI}exec: "/etc/passwd": permission denied: unknown\n`, 126],
    ['an unknown user', ['-u', 'nosuch', 'ex', 'id'], 'unable to find user nosuch: no matching entries in passwd file\n', 126],
    ['an unknown directory', ['-w', '/nosuch', 'ex', 'pwd'], `${OCI}chdir to cwd ("/nosuch") set in config.json failed: no such file or directory: unknown\n`, 126],
  ])('%s is refused in Docker\'s words', async (_, args, stdout, code) => {
    const answer = await exec(...args);
    expect({ ...answer, stdout: answer.stdout.replace('\r', '') }).toEqual({ stdout, stderr: '', code });
  });

  test('a container that does not run is refused', async () => {
    const { stderr, code } = await exec('excreated', 'true');
    expect([normalise(stderr), code]).toEqual(['Error response from daemon: container ID is not running\n', 1]);
  });

  test('the process is in the container, beside its first one', async () => {
    expect((await exec('ex', 'cat', '/proc/1/cmdline')).stdout).toBe('sleep\x001000\x00');
    expect((await exec('ex', 'grep', 'CapEff', '/proc/self/status')).stdout).toBe('CapEff:\t00000000a80425fb\n');
  });
});

describe('top', () => {
  test('shows the processes of the container as the host sees them', async () => {
    const [titles, ...processes] = (await lab.ok('top ex')).split('\n').map(line => line.trim().split(/\s{2,}/));
    expect(titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
    expect(processes).toHaveLength(1);
    expect(processes[0]!.at(-1)).toBe('sleep 1000');
  });

  test('takes the options of ps', async () => {
    const lines = (await lab.ok('top ex -o pid,comm')).split('\n').map(line => line.trim().split(/\s+/));
    expect(lines[0]).toEqual(['PID', 'COMMAND']);
    expect(lines.slice(1).map(line => line[1])).toEqual(['sleep']);
  });

  test('of a container that does not run is refused', async () => {
    const { stderr, code } = await lab.docker(['top', 'excreated']);
    expect([normalise(stderr), code]).toEqual(['Error response from daemon: container ID is not running\n', 1]);
  });
});

test('port lists what is published', async () => {
  expect((await lab.ok('port ex')).split('\n')).toEqual(expect.arrayContaining(['443/udp -> 127.0.0.1:18443', '80/tcp -> 0.0.0.0:18080']));
  expect((await lab.ok('port ex 80')).split('\n')).toContain('0.0.0.0:18080');
  expect(await lab.docker(['port', 'ex', '81'])).toEqual({ stdout: '', stderr: "Error: No public port '81' published for ex\n", code: 1 });
});
