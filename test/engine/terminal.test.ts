// -t: a terminal with a size that changes, control keys that reach the container, and the keys that leave it.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, type Terminal, type TestLab } from './lab.ts';

let lab: TestLab;
const open: Terminal[] = [];
beforeAll(async () => { lab = await createTestLab('terminal', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());
afterEach(async () => {
  for (const terminal of open.splice(0)) terminal.kill();
  await lab.docker(['rm', '-f', 'tt']);
});

const CTRL = { c: '\x03', d: '\x04', p: '\x10', q: '\x11', z: '\x1a', backslash: '\x1c' };
const terminal = (args: string[], size?: { cols: number; rows: number }) => {
  const opened = lab.terminal(args, size);
  open.push(opened);
  return opened;
};
const PROMPT = '/ # ';
const shell = async (...options: string[]) => {
  const tty = terminal(['run', '-it', '--name', 'tt', ...options, 'busybox', 'sh']);
  await tty.shows(PROMPT);
  return tty;
};
const state = () => lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'tt']);

describe('run -it', () => {
  test('a shell is a shell: prompt, echo, exit code', async () => {
    const tty = await shell();
    tty.type('echo $((6*7))\r');
    await tty.shows('echo $((6*7))\r\n42\r\n');
    tty.type('exit 3\r');
    expect(await tty.ended).toBe(3);
  });

  test('the container\'s terminal has the size of the client\'s, also after it changed', async () => {
    const tty = terminal(['run', '-it', '--name', 'tt', 'busybox', 'sh'], { cols: 101, rows: 31 });
    await tty.shows(PROMPT);
    tty.type('stty size\r');
    await tty.shows('31 101');
    tty.resize(77, 20);
    await eventually(() => lab.ok('exec tt stty size -F /dev/pts/0').catch(error => String(error)), answer => answer === '20 77', 'the new size');
  });

  test('the size is there before the command begins', async () => {
    const tty = terminal(['run', '-it', '--rm', 'busybox', 'stty', 'size'], { cols: 133, rows: 44 });
    await tty.shows('44 133');
    expect(await tty.ended).toBe(0);
  });

  test('Ctrl-C interrupts the command and not the shell, Ctrl-D ends it', async () => {
    const tty = await shell();
    tty.type('sleep 1000\r');
    await tty.shows('sleep 1000\r\n');
    await eventually(() => lab.ok('exec tt ps'), ps => ps.includes('sleep 1000'), 'the command');
    tty.type(CTRL.c);
    await tty.shows(PROMPT);
    tty.type('echo $?\r');
    await tty.shows('130\r\n');
    tty.type(CTRL.d);
    expect(await tty.ended).toBe(0);
  });

  test('Ctrl-Z stops the command, fg goes on with it', async () => {
    const tty = await shell();
    tty.type('cat\r');
    await eventually(() => lab.ok('exec tt ps'), ps => /\bcat$/m.test(ps), 'the command');
    tty.type(CTRL.z);
    await tty.shows('Stopped');
    tty.type('fg\r');
    await tty.shows('fg\r\ncat');
    tty.type('hello\r');
    await tty.shows('hello\r\nhello');
    tty.type(`${CTRL.d}exit\r`);
    expect(await tty.ended).toBe(0);
  });

  test('stdout and stderr are one, with the terminal\'s line ends', async () => {
    const tty = terminal(['run', '-it', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2']);
    await tty.shows('out\r\nerr\r\n');
    expect(await tty.ended).toBe(0);
  });

  test('TERM is xterm and HOSTNAME is set', async () => {
    const tty = terminal(['run', '-it', '--rm', '--hostname', 'box', 'busybox', 'sh', '-c', 'echo $TERM on $HOSTNAME']);
    await tty.shows('xterm on box');
  });
});

describe('detach keys', () => {
  test('Ctrl-P Ctrl-Q leaves the container running, and attach comes back to it', async () => {
    const tty = await shell();
    tty.type('X=kept\r');
    await tty.shows(PROMPT);
    tty.type(CTRL.p + CTRL.q);
    expect(await tty.ended).toBe(0);
    expect(await state()).toBe('running 0');
    const again = terminal(['attach', 'tt']);
    // The prompt was shown to the first client: any key brings a new line.
    await eventually(() => { again.type('\r'); return again.screen; }, screen => screen.includes(PROMPT), 'the prompt');
    again.type('echo $X\r');
    await again.shows('kept\r\n');
    again.type('exit 4\r');
    expect(await again.ended).toBe(4);
  });

  test('--detach-keys takes the place of the default, which then goes to the container', async () => {
    const tty = terminal(['run', '-it', '--name', 'tt', '--detach-keys', 'ctrl-x,y', 'busybox', 'sh']);
    await tty.shows(PROMPT);
    tty.type('\x18y');
    expect(await tty.ended).toBe(0);
    expect(await state()).toBe('running 0');
  });

  test('the server knows the keys too, for clients that do not', async () => {
    await lab.ok('run -dit --name tt busybox sh');
    const { createConnection } = await import('node:net');
    const socket = createConnection({ path: lab.socket, allowHalfOpen: true });
    const closed = new Promise(resolve => socket.once('end', resolve));
    let text = '';
    socket.setEncoding('latin1').on('data', chunk => { text += String(chunk); });
    socket.write('POST /v1.45/containers/tt/attach?stream=1&stdin=1&stdout=1&detachKeys=ctrl-e,e HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    await eventually(() => text, t => t.includes('101 UPGRADED'), 'the upgrade');
    socket.write('echo one\r');
    await eventually(() => text, t => t.includes('one\r\n'), 'the echo');
    socket.write('\x05e');
    await closed;
    socket.destroy();
    expect(await state()).toBe('running 0');
  });

  test('exec has them as well', async () => {
    await lab.ok('run -d --name tt busybox sleep 1000');
    const tty = terminal(['exec', '-it', 'tt', 'sh']);
    await tty.shows(PROMPT);
    tty.type(CTRL.p + CTRL.q);
    await tty.shows('read escape sequence');
    await tty.ended;
    expect(await lab.ok('exec tt ps')).toMatch(/\bsh\b/);
  });

  test('keys that are none are refused', async () => {
    await lab.ok('run -dit --name tt busybox sh');
    const tty = terminal(['attach', '--detach-keys', 'abc', 'tt']);
    await tty.shows('unable to upgrade to tcp, received 400');
    expect(await tty.ended).toBe(1);
  });
});

describe('exec -it', () => {
  test('has its own terminal, size and exit code', async () => {
    await lab.ok('run -d --name tt busybox sleep 1000');
    const tty = terminal(['exec', '-it', 'tt', 'sh'], { cols: 91, rows: 19 });
    await tty.shows(PROMPT);
    tty.type('tty; stty size\r');
    await tty.shows(/\/dev\/pts\/0\r\n19 91/);
    tty.resize(60, 18);
    await eventually(() => { tty.type('stty size\r'); return tty.screen; }, screen => screen.includes('18 60'), 'the new size');
    tty.type('exit 8\r');
    expect(await tty.ended).toBe(8);
  });
});

test('without a terminal -t is refused by the client', async () => {
  expect(await lab.docker(['run', '-it', '--rm', 'busybox', 'true'])).toEqual({ stdout: '', stderr: 'the input device is not a TTY\n', code: 1 });
});

test('start -a -i on a terminal', async () => {
  await lab.ok('create -it --name tt busybox sh');
  const tty = terminal(['start', '-a', '-i', 'tt']);
  await eventually(() => { tty.type('\r'); return tty.screen; }, screen => screen.includes(PROMPT), 'the prompt');
  tty.type('exit 5\r');
  expect(await tty.ended).toBe(5);
});
