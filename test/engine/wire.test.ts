// The API as bytes on its socket, as clients other than the CLI speak it: answers to odd requests are dockerd 26.1.5's, recorded in recorded/wire.json
// (and asked of dockerd again with SLIPWAY_TEST_ORACLE); connections that are reused, pipelined, half closed, taken over, many at once.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { expectAsDockerd } from './as-dockerd.ts';
import { CLIENTS, createTestLab, eventually, type TestLab } from './lab.ts';

const oracle = process.env.SLIPWAY_TEST_ORACLE?.replace('unix://', '');
let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('wire', { pull: ['busybox'] });
  await lab.ok('run -d -i --name echo busybox cat');
  await lab.ok('run -d -it --name tty busybox sh');
  inOracle('rm', '-f', 'echo'); // of a run that was cut off
  inOracle('run', '-d', '-i', '--name', 'echo', 'busybox', 'cat');
});
afterAll(async () => {
  inOracle('rm', '-f', 'echo');
  await lab?.dispose();
});
const inOracle = (...args: string[]) => oracle && spawnSync(CLIENTS[26], args, { env: { ...process.env, DOCKER_HOST: `unix://${oracle}` } });

interface Recorded { request: string; status: number; type: string; body: string }
const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'recorded/wire.json'), 'utf8')) as Recorded[];

/** Everything that came until `enough`, or until the other side closed. */
function talk(socket: Socket, enough: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = () => { socket.off('data', read).off('end', done); resolve(text); };
    const read = (data: Buffer) => { text += data.toString('latin1'); if (enough(text)) done(); };
    socket.on('data', read).on('end', done).on('error', reject);
  });
}
const connect = (path = lab.socket) => createConnection({ path, allowHalfOpen: true });
const answers = (text: string) => text.split(/(?=HTTP\/1\.1 \d)/);
const whole = (text: string) => {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const length = /content-length: (\d+)/i.exec(head)?.[1];
  return text.includes('\r\n\r\n') && (length === undefined ? body.endsWith('\r\n0\r\n\r\n') || / (204|304) /.test(head) : body.length >= Number(length));
};

async function ask(path: string, request: string): Promise<Omit<Recorded, 'request'>> {
  const socket = connect(path);
  socket.write(request);
  const text = await talk(socket, t => whole(t) || (request.startsWith('HEAD') && t.includes('\r\n\r\n')));
  socket.destroy();
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const plain = body.replace(/\b[0-9a-f]{64}\b/g, 'ID').replace(/\b[0-9a-f]{12}\b/g, 'SHORT').trim();
  return { status: Number(head.split(' ')[1]), type: /content-type: ([^\r\n]*)/i.exec(head)?.[1] ?? '', body: plain };
}

const title = ({ request }: Recorded) => request.replace(/HTTP\/1\.1\r\nHost: x|\r\nContent-(Type: application\/json|Length: \d+)/g, '').replace(/\s+/g, ' ').slice(0, 100);

test.each(recorded.map(one => [title(one), one] as const))('%s', async (_, { request, ...expected }) => {
  expectAsDockerd(await ask(lab.socket, request), expected, oracle ? await ask(oracle, request) : undefined);
});

describe('connections', () => {
  test('several requests sent at once are answered in their order', async () => {
    const socket = connect();
    const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    socket.write(get('/_ping') + get('/v1.45/containers/nosuch/json') + get('/v1.45/containers/echo/json') + get('/_ping', 'Connection: close\r\n'));
    const text = await talk(socket, () => false);
    expect(answers(text).map(a => a.slice(9, 12))).toEqual(['200', '404', '200', '200']);
  });

  test('a client that has closed its side still gets its answer', async () => {
    const socket = connect();
    socket.end('GET /v1.45/containers/echo/json HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await talk(socket, whole)).toContain('"Name":"/echo"');
    socket.destroy();
  });

  test('a body in chunks is a body, and one of 2 MB is taken', async () => {
    expect(await ask(lab.socket, 'POST /v1.45/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"Ima\r\nd\r\nge":"nosuch"}\r\n0\r\n\r\n'))
      .toMatchObject({ status: 404, body: '{"message":"No such image: nosuch:latest"}' });
    const large = JSON.stringify({ Image: 'nosuch', Labels: { a: 'x'.repeat(2 << 20) } });
    expect(await ask(lab.socket, `POST /v1.45/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${large.length}\r\n\r\n${large}`)).toMatchObject({ status: 404 });
  });

  test('a body that is too large is refused in words, and the connection is not left hanging', async () => {
    const large = JSON.stringify({ Image: 'nosuch', Labels: { a: 'x'.repeat(6 << 20) } });
    expect(await ask(lab.socket, `POST /v1.45/containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${large.length}\r\n\r\n${large}`)).toMatchObject({ status: 400, body: expect.stringContaining('request body is larger than') });
  });

  test('two hundred clients at once are served', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => ask(lab.socket, 'GET /v1.45/containers/echo/json HTTP/1.1\r\nHost: x\r\n\r\n')));
    expect(all.filter(answer => answer.status === 200)).toHaveLength(200);
  });

  test('two hundred clients may wait at the same time', async () => {
    await lab.ok('run -d --name waited busybox sleep 1000');
    const sockets = Array.from({ length: 200 }, () => connect());
    const waiting = sockets.map(socket => talk(socket, text => text.includes('StatusCode')));
    for (const socket of sockets) socket.write('POST /v1.45/containers/waited/wait HTTP/1.1\r\nHost: x\r\n\r\n');
    await lab.ok('kill waited');
    expect((await Promise.all(waiting)).every(text => text.includes('"StatusCode":137'))).toBe(true);
    for (const socket of sockets) socket.destroy();
  });
});

describe('a connection that is taken over', () => {
  const attach = 'POST /v1.45/containers/echo/attach?stream=1&stdin=1&stdout=1 HTTP/1.1\r\nHost: x\r\n';

  test('by upgrade', async () => {
    const socket = connect();
    socket.write(`${attach}Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    expect(await talk(socket, text => text.includes('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\n[^]*multiplexed-stream/);
    socket.write('upgraded\n');
    expect(await talk(socket, text => text.includes('upgraded\n'))).toMatch(/^\x01\0\0\0\0\0\0\x09upgraded\n$/);
    socket.destroy();
  });

  test('by an older client, without one', async () => {
    const socket = connect();
    socket.write(`${attach}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`);
    expect(await talk(socket, text => text.includes('\r\n\r\n'))).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*raw-stream/);
    socket.write('4\r\nold\n\r\n');
    expect(await talk(socket, text => text.includes('old\n'))).toMatch(/^\x01\0\0\0\0\0\0\x04old\n$/);
    socket.destroy();
  });

  test('an exec runs over it, and its end closes it', async () => {
    const { Id } = (await lab.api('POST', '/v1.45/containers/echo/exec', { Cmd: ['sh', '-c', 'echo out; echo err >&2'], AttachStdout: true, AttachStderr: true })).json() as { Id: string };
    const body = '{"Detach":false,"Tty":false}';
    const socket = connect();
    socket.write(`POST /v1.45/exec/${Id}/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const text = await talk(socket, () => false);
    expect(text).toContain('\x01\0\0\0\0\0\0\x04out\n');
    expect(text).toContain('\x02\0\0\0\0\0\0\x04err\n');
  });

  test('by a WebSocket', async () => {
    const socket = new WebSocket(`ws+unix://${lab.socket}:/v1.45/containers/tty/attach/ws?stream=1&stdin=1&stdout=1`);
    let shown = '';
    socket.on('message', (data: Buffer) => { shown += data.toString(); });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.send('echo $((40+2))\n');
    await eventually(() => shown, text => text.includes('42'), 'the shell\'s answer');
    const closed = new Promise(resolve => socket.once('close', resolve));
    socket.send('exit\n');
    await closed;
  });

  test('no WebSocket, no attaching by it', async () => {
    expect(await ask(lab.socket, 'GET /v1.45/containers/echo/attach/ws HTTP/1.1\r\nHost: x\r\n\r\n')).toMatchObject({ status: 400 });
  });
});
