// docker run, create, start: options, exit codes and errors, as dockerd 26.1.5 answers them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, normalise, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('run', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

const run = (...args: string[]) => lab.docker(['run', '--rm', ...args]);
const DAEMON = 'docker: Error response from daemon: ';
const OCI = `${DAEMON}failed to create task for container: failed to create shim task: OCI runtime create failed: `;
const HELP = "See 'docker run --help'.\n";

describe('in the foreground', () => {
  test('output comes back and the exit code is the command\'s', async () => {
    expect(await run('busybox', 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({ stdout: 'out\n', stderr: 'err\n', code: 7 });
  });

  test('stdin reaches the command and its end ends it', async () => {
    expect(await lab.docker(['run', '--rm', '-i', 'busybox', 'cat'], { stdin: 'hi\n' })).toEqual({ stdout: 'hi\n', stderr: '', code: 0 });
  });

  test('a megabyte through stdin and stdout arrives whole', async () => {
    const { stdout, code } = await lab.docker(['run', '--rm', '-i', 'busybox', 'md5sum'], { stdin: Buffer.alloc(5 << 20, 'x') });
    expect({ stdout, code }).toEqual({ stdout: '4f08eef4096726bff1125e1b1b734644  -\n', code: 0 });
    const echoed = await lab.docker(['run', '--rm', '-i', 'busybox', 'cat'], { stdin: 'y'.repeat(1 << 20) });
    expect(echoed.stdout.length).toBe(1 << 20);
  });

  test('input that nobody reads holds nothing else up', async () => {
    const client = lab.start(['run', '-i', '--name', 'unread', 'busybox', 'sleep', '1000'], { stdin: Buffer.alloc(4 << 20, 'x') });
    await eventually(() => lab.docker(['inspect', '-f', '{{.State.Status}}', 'unread']), ({ stdout }) => stdout === 'running\n', 'the start');
    expect(await lab.ok('exec unread echo here')).toBe('here');
    await lab.ok('kill unread');
    expect((await client.ended).code).toBe(137);
    await lab.ok('rm unread');
  });

  test('without -i there is no input', async () => {
    expect(await lab.docker(['run', '--rm', 'busybox', 'cat'], { stdin: 'hi\n' })).toEqual({ stdout: '', stderr: '', code: 0 });
  });

  test('only the attached streams are shown', async () => {
    expect(await run('-a', 'stdout', 'busybox', 'sh', '-c', 'echo out; echo err >&2')).toEqual({ stdout: 'out\n', stderr: '', code: 0 });
    expect(await run('-a', 'stderr', 'busybox', 'sh', '-c', 'echo out; echo err >&2')).toEqual({ stdout: '', stderr: 'err\n', code: 0 });
  });

  test.each([['kill -9', 137], ['kill -TERM', 143]])('a child of the shell ended by %s gives %d', async (kill, code) => {
    expect((await run('busybox', 'sh', '-c', `sh -c '${kill} $$; sleep 5'; exit $?`)).code).toBe(code);
  });

  test('--rm removes the container, with its anonymous volumes', async () => {
    await run('--name', 'gone', '-v', '/data', 'busybox', 'true');
    expect(await lab.ok('ps -aq --filter name=gone')).toBe('');
    expect(await lab.ok('volume ls -q')).toBe('');
  });
});

describe('options', () => {
  test.each<[string, string[], string]>([
    ['-e sets the environment', ['-e', 'A=1', 'busybox', 'sh', '-c', 'echo $A-$HOME-$PATH'], '1-/root-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    ['-w makes and enters the directory', ['-w', '/a/b/c', 'busybox', 'pwd'], '/a/b/c'],
    ['-u takes numbers', ['-u', '1000:1000', 'busybox', 'id'], 'uid=1000 gid=1000 groups=1000'],
    ['--hostname', ['--hostname', 'hh', 'busybox', 'hostname'], 'hh'],
    ['--entrypoint takes the place of the image\'s', ['--entrypoint', 'echo', 'busybox', 'a', 'b'], 'a b'],
    ['--ulimit', ['--ulimit', 'nofile=64', 'busybox', 'sh', '-c', 'ulimit -n'], '64'],
    ['--add-host', ['--add-host', 'foo:1.2.3.4', 'busybox', 'grep', 'foo', '/etc/hosts'], '1.2.3.4\tfoo'],
    ['--dns', ['--dns', '1.2.3.4', 'busybox', 'grep', '^nameserver', '/etc/resolv.conf'], 'nameserver 1.2.3.4'],
    ['--tmpfs', ['--tmpfs', '/t:size=1m', 'busybox', 'sh', '-c', 'df /t | tail -1 | awk \'{print $1, $2}\''], 'tmpfs 1024'],
    ['--shm-size', ['--shm-size', '1m', 'busybox', 'sh', '-c', 'df /dev/shm | tail -1 | awk \'{print $1, $2}\''], 'shm 1024'],
  ])('%s', async (_, args, expected) => {
    expect(await run(...args)).toEqual({ stdout: `${expected}\n`, stderr: '', code: 0 });
  });

  test('--read-only', async () => {
    expect(await run('--read-only', 'busybox', 'touch', '/x')).toEqual({ stdout: '', stderr: 'touch: /x: Read-only file system\n', code: 1 });
  });

  test('a container has Docker\'s fourteen capabilities, seccomp, and may gain privileges unless told otherwise', async () => {
    const status = ['busybox', 'grep', '-E', 'CapEff|CapBnd|NoNewPrivs|Seccomp:', '/proc/self/status'];
    expect((await run(...status)).stdout).toBe('CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t2\n');
    expect((await run('--cap-drop', 'ALL', ...status)).stdout).toContain('CapEff:\t0000000000000000\n');
    expect((await run('--security-opt', 'no-new-privileges', ...status)).stdout).toContain('NoNewPrivs:\t1\n');
  });

  test('--network none leaves only the loopback', async () => {
    expect((await run('--network', 'none', 'busybox', 'ls', '/sys/class/net')).stdout).toBe('lo\n');
    expect((await run('busybox', 'hostname', '-i')).stdout).toMatch(/^172\.17\.0\.\d+\n$/);
  });

  test('--label, with and without a value', async () => {
    const id = await lab.ok('run -d --label a=b --label c busybox sleep 100');
    expect(JSON.parse(await lab.ok(['inspect', '-f', '{{json .Config.Labels}}', id]))).toMatchObject({ a: 'b', c: '' });
    await lab.ok(`rm -f ${id}`);
  });
});

describe('names', () => {
  test('a container without a name gets an adjective and a surname', async () => {
    const id = await lab.ok('create busybox true');
    expect(await lab.ok(['inspect', '-f', '{{.Name}}', id])).toMatch(/^\/[a-z]+_[a-z]+\d?$/);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    await lab.ok(`rm ${id}`);
  });

  test('a name in use is refused', async () => {
    await lab.ok('create --name taken busybox true');
    const { stdout, stderr, code } = await lab.docker(['run', '--name', 'taken', 'busybox', 'true']);
    expect({ stdout, stderr: normalise(stderr), code }).toEqual({
      stdout: '', code: 125,
      stderr: `${DAEMON}Conflict. The container name "/taken" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name.\n${HELP}`,
    });
    await lab.ok('rm taken');
  });
});

describe('what cannot run is refused in Docker\'s words', () => {
  test.each<[string, string[], string, number]>([
    ['an unknown command', ['busybox', 'nosuch'], `${OCI}runc create failed: unable to start container process: exec: "nosuch": executable file not found in $PATH: unknown.\n`, 127],
    ['an unknown entrypoint', ['--entrypoint', '/nosuch', 'busybox'], `${OCI}runc create failed: unable to start container process: exec: "/nosuch": stat /nosuch: no such file or directory: unknown.\n`, 127],
    ['a directory', ['busybox', '/etc'], `${OCI}runc create failed: unable to start container process: exec: "/etc": is a directory: unknown: permission denied.\n`, 126],
    ['a file that is not executable', ['busybox', '/etc/passwd'], `${OCI}runc create failed: unable to start container process: exec: "/etc/passwd": permission denied: unknown.\n`, 126],
    ['an unknown user', ['-u', 'nosuch', 'busybox', 'id'], `${DAEMON}unable to find user nosuch: no matching entries in passwd file.\n`, 125],
    ['an unknown capability', ['--cap-add', 'NOPE', 'busybox', 'true'], `${DAEMON}invalid CapAdd: unknown capability: "CAP_NOPE".\n${HELP}`, 125],
    ['a relative working directory', ['-w', 'rel', 'busybox', 'pwd'], `${DAEMON}the working directory 'rel' is invalid, it needs to be an absolute path.\n${HELP}`, 125],
    ['an unknown stop signal', ['--stop-signal', 'FOO', 'busybox', 'true'], `${DAEMON}invalid signal: FOO.\n${HELP}`, 125],
    ['too little memory', ['--memory', '1m', 'busybox', 'true'], `${DAEMON}Minimum memory limit allowed is 6MB.\n${HELP}`, 125],
    ['an unknown network', ['--network', 'nope', 'busybox', 'true'], `${DAEMON}network nope not found.\n`, 125],
    ['an unknown container\'s pids', ['--pid', 'container:nope', 'busybox', 'true'], `${DAEMON}No such container: nope.\n${HELP}`, 125],
    ['a name with a space', ['--name', 'a b', 'busybox', 'true'], `${DAEMON}Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed.\n${HELP}`, 125],
    ['a relative path for a volume', ['-v', 'relative/path:/x', 'busybox', 'true'], `${DAEMON}create relative/path: "relative/path" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path.\n${HELP}`, 125],
    ['a bind mount of nothing', ['--mount', 'type=bind,source=/nosuchdir,target=/x', 'busybox', 'true'], `${DAEMON}invalid mount config for type "bind": bind source path does not exist: /nosuchdir.\n${HELP}`, 125],
    ['an unknown flag', ['--nosuch', 'busybox'], 'unknown flag: --nosuch\nSee \'docker run --help\'.\n', 125],
  ])('%s', async (_, args, stderr, code) => {
    expect(await run(...args)).toEqual({ stdout: '', stderr, code });
  });

  test('a failed start leaves a container that was created, with the reason', async () => {
    await lab.docker(['run', '--name', 'failed', 'busybox', 'nosuch']);
    expect(await lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}', 'failed'])).toMatch(/^created 127 .*executable file not found in \$PATH/);
    await lab.ok('rm failed');
  });
});

describe('create and start', () => {
  test('a created container runs when started, and again', async () => {
    await lab.ok(['create', '--name', 'twice', 'busybox', 'sh', '-c', 'echo run >> /n; wc -l < /n']);
    expect(await lab.docker(['start', '-a', 'twice'])).toEqual({ stdout: '1\n', stderr: '', code: 0 });
    expect(await lab.docker(['start', '-a', 'twice'])).toEqual({ stdout: '2\n', stderr: '', code: 0 });
    await lab.ok('rm twice');
  });

  test('start -a -i gives input and the exit code', async () => {
    await lab.ok(['create', '-i', '--name', 'input', 'busybox', 'sh', '-c', 'read line; echo got $line; exit 3']);
    expect(await lab.docker(['start', '-a', '-i', 'input'], { stdin: 'hello\n' })).toEqual({ stdout: 'got hello\n', stderr: '', code: 3 });
    await lab.ok('rm input');
  });

  test('starting what runs already does nothing, and what does not exist is said', async () => {
    await lab.ok('run -d --name up busybox sleep 100');
    expect(await lab.docker(['start', 'up'])).toEqual({ stdout: 'up\n', stderr: '', code: 0 });
    expect(await lab.docker(['start', 'nope', 'up'])).toEqual({ stdout: 'up\n', stderr: 'Error response from daemon: No such container: nope\nError: failed to start containers: nope\n', code: 1 });
    await lab.ok('rm -f up');
  });
});
