// start, stop, kill, restart, pause, rename, wait, rm: states, exit codes and errors, as dockerd 26.1.5 answers them.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, normalise, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('lifecycle', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());
afterEach(() => lab.docker(['rm', '-f', 'lc', 'lc2']));

const sleeper = (name = 'lc') => lab.ok(`run -d --name ${name} busybox sleep 1000`);
/** Ends with 5 when asked to, and says when it is ready to be asked. */
const trapper = async (name = 'lc') => {
  await lab.ok(['run', '-d', '--name', name, 'busybox', 'sh', '-c', 'trap "exit 5" TERM; trap "echo hup" HUP; echo ready; while :; do sleep 0.05; done']);
  await eventually(() => lab.ok(`logs ${name}`), logs => logs.includes('ready'), 'the container\'s first output');
};
const state = (name = 'lc') => lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]);
const fails = async (line: string) => {
  const { stdout, stderr, code } = await lab.docker(line.split(' '));
  return [normalise(stdout + stderr).trim(), code];
};
const NO_SUCH = 'Error response from daemon: No such container: nope';

test.each([
  ['stop nope', NO_SUCH, 1], ['restart nope', NO_SUCH, 1], ['kill nope', `Error response from daemon: cannot kill container: nope: No such container: nope`, 1],
  ['pause nope', NO_SUCH, 1], ['unpause nope', NO_SUCH, 1], ['wait nope', NO_SUCH, 1], ['attach nope', NO_SUCH, 1], ['top nope', NO_SUCH, 1], ['port nope', NO_SUCH, 1],
  ['logs nope', NO_SUCH, 1], ['rm nope', NO_SUCH, 1], ['rm -f nope', NO_SUCH, 0], ['exec nope true', NO_SUCH, 1],
  ['rename nope other', `${NO_SUCH}\nError: failed to rename container named nope`, 1],
  ['inspect nope', '[]\nError: No such object: nope', 1], ['container inspect nope', `[]\n${NO_SUCH}`, 1], ['image inspect nope', '[]\nError response from daemon: No such image: nope:latest', 1],
  ['start nope', `${NO_SUCH}\nError: failed to start containers: nope`, 1],
])('%s', async (line, text, code) => {
  expect(await fails(line)).toEqual([text, code]);
});

describe('stop', () => {
  test('lets the command end by itself', async () => {
    await trapper();
    expect(await lab.ok('stop lc')).toBe('lc');
    expect(await state()).toBe('exited 5');
  });

  test('kills what does not end in time', async () => {
    await sleeper();
    await lab.ok('stop -t 0 lc');
    expect(await state()).toBe('exited 137');
  });

  test('sends the signal that the container asks for', async () => {
    await lab.ok(['run', '-d', '--name', 'lc', '--stop-signal', 'USR1', 'busybox', 'sh', '-c', 'trap "exit 9" USR1; echo ready; while :; do sleep 0.05; done']);
    await eventually(() => lab.ok('logs lc'), logs => logs.includes('ready'), 'the first output');
    await lab.ok('stop lc');
    expect(await state()).toBe('exited 9');
  });

  test('of what is stopped already succeeds', async () => {
    await lab.ok('create --name lc busybox true');
    expect(await lab.ok('stop lc')).toBe('lc');
  });

  test('of a paused container ends it', async () => {
    await sleeper();
    await lab.ok('pause lc');
    await lab.ok('stop -t 0 lc');
    expect(await state()).toBe('exited 137');
  });
});

describe('kill', () => {
  test('ends at once', async () => {
    await sleeper();
    expect(await lab.ok('kill lc')).toBe('lc');
    expect(await state()).toBe('exited 137');
  });

  test('sends the signal that is asked for, by name or number', async () => {
    await trapper();
    await lab.ok('kill -s HUP lc');
    await eventually(() => lab.ok('logs lc'), logs => logs.includes('hup'), 'the trap');
    expect(await state()).toBe('running 0');
    await lab.ok('kill --signal=SIGTERM lc');
    expect(await lab.ok('wait lc')).toBe('5');
    await lab.ok('start lc');
    await lab.ok('kill -s 9 lc');
    expect(await state()).toBe('exited 137');
  });

  test('of what does not run, and with no such signal, is refused', async () => {
    await lab.ok('create --name lc busybox sleep 1000');
    expect(await fails('kill lc')).toEqual(['Error response from daemon: cannot kill container: lc: container ID is not running', 1]);
    await lab.ok('start lc');
    expect(await fails('kill -s FOO lc')).toEqual(['Error response from daemon: cannot kill container: lc: invalid signal: FOO', 1]);
  });
});

describe('restart', () => {
  test('starts what runs anew', async () => {
    await lab.ok(['run', '-d', '--name', 'lc', 'busybox', 'sh', '-c', 'echo again; exec sleep 1000']);
    expect(await lab.ok('restart -t 0 lc')).toBe('lc');
    expect(await state()).toBe('running 0');
    await eventually(() => lab.ok('logs lc'), logs => logs === 'again\nagain', 'the second output');
  });

  test('starts what has ended', async () => {
    await lab.ok('create --name lc busybox sleep 1000');
    await lab.ok('restart lc');
    expect(await state()).toBe('running 0');
  });

  test('each restart waits twice as long as the one before, as dockerd does from 100 ms on', async () => {
    const since = String(Math.floor(Date.now() / 1000));
    await lab.ok('run -d --name backs-off --restart on-failure:4 busybox false');
    await eventually(() => lab.ok(['inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'backs-off']), answer => answer === 'exited 4', 'the last restart');
    const events = (await lab.ok(['events', '--since', since, '--until', String(Math.ceil(Date.now() / 1000)), '--filter', 'container=backs-off', '--format', '{{.TimeNano}} {{.Action}}'])).split('\n').map(line => line.split(' ')).filter(([, action]) => action === 'start' || action === 'die');
    const waits = events.flatMap(([time, action], at) => (action === 'start' && at > 0 ? [(Number(time) - Number(events[at - 1]![0])) / 1e6] : []));
    expect(waits).toHaveLength(4);
    // Beside each wait there is the start itself, which takes what the machine has time for.
    for (const [at, wait] of waits.entries()) expect(wait, `wait ${at}: ${waits.join(', ')}`).toSatisfy((ms: number) => ms >= 100 * 2 ** at - 5 && ms < 100 * 2 ** at + 5_000);
    await lab.ok('rm backs-off');
  });

  test('a policy restarts what fails, as often as it says', async () => {
    await lab.ok(['run', '-d', '--name', 'lc', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'echo try; exit 3']);
    await eventually(() => lab.ok(['inspect', '-f', '{{.State.Status}} {{.RestartCount}}', 'lc']), answer => answer === 'exited 2', 'the second restart');
    expect(await lab.ok('logs lc')).toBe('try\ntry\ntry');
  });
});

describe('pause', () => {
  test('stops the clock of a container, and unpause lets it go on', async () => {
    await sleeper();
    expect(await lab.ok('pause lc')).toBe('lc');
    expect(await state()).toBe('paused 0');
    expect(await lab.ok(['ps', '--filter', 'name=^/lc$', '--format', '{{.Status}}'])).toMatch(/^Up .* \(Paused\)$/);
    expect(await fails('exec lc true')).toEqual(['Error response from daemon: Container lc is paused, unpause the container before exec', 1]);
    expect(await fails('pause lc')).toEqual(['Error response from daemon: Container ID is already paused', 1]);
    expect(await lab.ok('unpause lc')).toBe('lc');
    expect(await fails('unpause lc')).toEqual(['Error response from daemon: Container ID is not paused', 1]);
    expect(await state()).toBe('running 0');
  });

  test('of what does not run is refused', async () => {
    await lab.ok('create --name lc busybox true');
    expect(await fails('pause lc')).toEqual(['Error response from daemon: container ID is not running', 1]);
  });
});

describe('rename', () => {
  test('gives another name and frees the old one', async () => {
    const id = await sleeper();
    await lab.ok('rename lc lc2');
    expect(await lab.ok(['inspect', '-f', '{{.Id}} {{.Name}}', 'lc2'])).toBe(`${id} /lc2`);
    await lab.ok('create --name lc busybox true');
  });

  test('to a name that is taken, unchanged or impossible is refused', async () => {
    await lab.ok('create --name lc busybox true');
    await lab.ok('create --name lc2 busybox true');
    expect(await fails('rename lc lc2')).toEqual(['Error response from daemon: Error when allocating new name: Conflict. The container name "/lc2" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name.\nError: failed to rename container named lc', 1]);
    expect(await fails('rename lc lc')).toEqual(['Error response from daemon: Renaming a container with the same name as its current name\nError: failed to rename container named lc', 1]);
    expect(await fails('rename lc x!')).toEqual(['Error response from daemon: Error when allocating new name: Invalid container name (/x!), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed\nError: failed to rename container named lc', 1]);
  });
});

describe('wait', () => {
  test('prints the exit code of what ends, and of what has ended', async () => {
    await lab.ok(['run', '-d', '--name', 'lc', 'busybox', 'sh', '-c', 'sleep 0.3; exit 4']);
    expect(await lab.ok('wait lc')).toBe('4');
    expect(await lab.ok('wait lc')).toBe('4');
  });

  test('several are waited for in turn', async () => {
    await lab.ok(['run', '-d', '--name', 'lc', 'busybox', 'sh', '-c', 'exit 1']);
    await lab.ok(['run', '-d', '--name', 'lc2', 'busybox', 'sh', '-c', 'exit 2']);
    expect(await lab.ok('wait lc lc2')).toBe('1\n2');
  });
});

describe('rm', () => {
  test('a running container is refused, and removed with -f', async () => {
    await sleeper();
    expect(await fails('rm lc')).toEqual(['Error response from daemon: cannot remove container "/lc": container is running: stop the container before removing or force remove', 1]);
    expect(await lab.ok('rm -f lc')).toBe('lc');
    expect(await lab.ok(['ps', '-aq', '--filter', 'name=^/lc$'])).toBe('');
  });

  test('a paused container is refused', async () => {
    await sleeper();
    await lab.ok('pause lc');
    expect(await fails('rm lc')).toEqual(['Error response from daemon: cannot remove container "/lc": container is paused and must be unpaused first', 1]);
    await lab.ok('rm -f lc');
  });

  test('works by a prefix of the id, and one that fits two is refused', async () => {
    const id = await lab.ok('create busybox true');
    expect(await lab.ok(`rm ${id.slice(0, 12)}`)).toBe(id.slice(0, 12));
  });

  test('-v removes anonymous volumes and keeps named ones', async () => {
    await lab.ok('run --name lc -v /anon -v lckept:/kept busybox true');
    const anonymous = await lab.ok(['inspect', '-f', '{{range .Mounts}}{{if eq .Destination "/anon"}}{{.Name}}{{end}}{{end}}', 'lc']);
    expect(anonymous).toMatch(/^[0-9a-f]{64}$/);
    await lab.ok('rm -v lc');
    const left = (await lab.ok('volume ls -q')).split('\n');
    expect(left).toContain('lckept');
    expect(left).not.toContain(anonymous);
    await lab.ok('volume rm lckept');
  });
});

test('a stopped container keeps its files, a removed one loses them', async () => {
  await lab.ok(['run', '--name', 'lc', 'busybox', 'sh', '-c', 'echo kept > /note']);
  await lab.ok('rename lc lc2');
  await lab.ok(['run', '-d', '--name', 'lc', 'busybox', 'sleep', '1000']);
  await lab.ok('exec lc touch /here');
  await lab.ok('stop -t 0 lc');
  await lab.ok('start lc');
  expect(await lab.ok('exec lc ls /here')).toBe('/here');
  await lab.ok('rm -f lc');
  await sleeper();
  expect((await lab.docker(['exec', 'lc', 'ls', '/here'])).stderr).toBe('ls: /here: No such file or directory\n');
});
