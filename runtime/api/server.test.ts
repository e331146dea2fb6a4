// The HTTP plumbing over a real unix socket, with routes of its own: no containers here.
import { mkdtempSync, rmSync } from 'node:fs';
import { request, type IncomingHttpHeaders, type Server } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import type { ApiCall } from '../lab/control.ts';
import type { Api } from './api.ts';
import { RAW_STREAM } from './hijack.ts';
import { int } from './query.ts';
import { route } from './route.ts';
import { createApiServer } from './server.ts';

let dir: string, path: string, server: Server;
let journal: ApiCall[], faults: unknown[];
let aborted: Promise<void>;
let closing: AbortController;

const routes = () => {
  let onAbort = () => {};
  aborted = new Promise(resolve => { onAbort = resolve; });
  return [
    route('GET', '/things/:name*/json', { query: z.object({ n: int(7) }), handle: ({ params }, query) => ({ status: 200, json: { name: params.name, n: query.n } }) }),
    route('POST', '/things', { body: z.object({ Name: z.string() }), handle: (_call, _query, body) => ({ status: 201, json: body }) }),
    route('POST', '/nothing', { handle: () => ({ status: 204 }) }),
    route('POST', '/same', { handle() { throw new SlipwayError('NotModified', 'already so'); } }),
    route('POST', '/conflict', { handle() { throw new SlipwayError('Conflict', 'in use'); } }),
    route('POST', '/bug', { handle() { throw new TypeError('oh'); } }),
    route('GET', '/quiet', { quiet: true, handle: () => ({ status: 200, json: {} }) }),
    route('GET', '/slow', {
      async handle(call) {
        const out = call.stream('text/plain');
        call.signal.addEventListener('abort', onAbort);
        await out.write('first');
        await new Promise<void>(resolve => call.signal.addEventListener('abort', () => resolve()));
        return null;
      },
    }),
    route('POST', '/echo', {
      body: z.object({ greeting: z.string().optional() }), bodyMayBeEmpty: true, hijacks: true,
      handle(call, _query, body) {
        const client = call.hijack();
        client.open(RAW_STREAM);
        if (body.greeting) client.write(Buffer.from(body.greeting));
        client.onDrain(() => client.resume());
        client.listen({ onInput: data => client.write(data), onInputEnd: () => { client.write(Buffer.from('.')); client.end(); }, onGone() {} });
        return null;
      },
    }),
    route('POST', '/refuse', { hijacks: true, handle() { throw new SlipwayError('NotFound', 'No such container: x'); } }),
  ];
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-api-'));
  path = join(dir, 'docker.sock');
  journal = [];
  faults = [];
  closing = new AbortController();
  const host = { ref: { lab: 'l1', host: 'h1' }, closing, journal: { call: (call: ApiCall) => journal.push(call), subscribe: () => () => {} } };
  server = createApiServer({ host, onError: (error: unknown) => faults.push(error) } as unknown as Api, routes());
  await new Promise<void>(resolve => server.listen(path, resolve));
});
afterEach(async () => {
  closing.abort();
  await new Promise(resolve => server.close(resolve));
  rmSync(dir, { recursive: true });
});

type Answer = { status: number; headers: IncomingHttpHeaders; text: string };
function ask(method: string, url: string, body?: string, type = 'application/json'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
    request({ socketPath: path, method, path: url, headers }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => { text += chunk; }).on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    }).on('error', reject).end(body);
  });
}
const message = (answer: Answer) => [answer.status, (JSON.parse(answer.text) as { message: string }).message];

test('a route is found with and without a version prefix, with decoded parameters', async () => {
  expect(await ask('GET', '/v1.41/things/a/b%3A1/json?n=3')).toMatchObject({ status: 200, text: '{"name":"a/b:1","n":3}\n' });
  expect(await ask('GET', '/things/x/json')).toMatchObject({ status: 200, text: '{"name":"x","n":7}\n' });
});

test('every answer says which engine and API it comes from', async () => {
  const { headers } = await ask('GET', '/nope');
  expect(headers).toMatchObject({ 'api-version': '1.45', 'docker-experimental': 'false', 'ostype': 'linux', 'server': expect.stringMatching(/^Docker\/26\.1\.5.* \(linux\)$/) });
});

test.each([
  ['/v1.99/things/x/json', 'client version 1.99 is too new. Maximum supported API version is 1.45'],
  ['/v1.20/things/x/json', 'client version 1.20 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version'],
])('%s is refused in words', async (url, text) => {
  expect(message(await ask('GET', url))).toEqual([400, text]);
});

test.each([['GET', '/nope'], ['DELETE', '/things'], ['GET', '/v1.45'], ['GET', '/']])('%s %s is no page', async (method, url) => {
  expect(message(await ask(method, url))).toEqual([404, 'page not found']);
});

test('a doubled slash is redirected to the path without it', async () => {
  expect(await ask('GET', '/v1.45//things/x/json?n=1')).toMatchObject({ status: 301, headers: { location: '/v1.45/things/x/json?n=1' } });
});

test.each([
  [undefined, 'application/json', 'invalid JSON: got EOF while reading request body'],
  ['{bad', 'application/json', "invalid JSON: invalid character 'b' looking for beginning of object key string"],
  ['{} {}', 'application/json', 'unexpected content after JSON'],
  ['{}', 'text/plain', "unsupported Content-Type header (text/plain): must be 'application/json'"],
  ['{"Name":5}', 'application/json', 'invalid JSON: json: cannot unmarshal number into Go struct field Name of type string'],
])('the body %j of type %s is refused: %s', async (body, type, text) => {
  expect(message(await ask('POST', '/things', body, type))).toEqual([400, text]);
});

test('kinds of errors become statuses', async () => {
  expect(message(await ask('POST', '/conflict'))).toEqual([409, 'in use']);
  expect(await ask('POST', '/same')).toMatchObject({ status: 304, text: '' });
  expect(await ask('POST', '/nothing')).toMatchObject({ status: 204, text: '' });
  expect(faults).toEqual([]);
});

test('a fault of ours is a 500, and is told to the engine', async () => {
  expect(message(await ask('POST', '/bug'))).toEqual([500, 'oh']);
  expect(faults).toHaveLength(1);
});

test('the journal has each call with its status and error, but no quiet ones', async () => {
  await ask('GET', '/v1.45/quiet');
  await ask('POST', '/v1.45/conflict?a=b');
  await ask('POST', '/nothing');
  expect(journal.map(call => ({ ...call, timeNano: 0 }))).toEqual([
    { method: 'POST', path: '/conflict', query: { a: 'b' }, status: 409, message: 'in use', timeNano: 0 },
    { method: 'POST', path: '/nothing', query: {}, status: 204, timeNano: 0 },
  ]);
});

test('a stream is told when its client leaves', async () => {
  const client = request({ socketPath: path, path: '/slow' }, response => { response.on('error', () => {}); response.once('data', () => client.destroy()); });
  client.on('error', () => {}).end();
  await aborted;
});

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
function open(head: string): { socket: Socket; received: () => string; ended: Promise<void> } {
  const socket = createConnection({ path, allowHalfOpen: true });
  let text = '';
  socket.on('data', data => { text += data.toString('latin1'); });
  socket.write(head);
  return { socket, received: () => text, ended: new Promise(resolve => socket.on('end', resolve)) };
}
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4);

test('a hijacked connection takes the body, then bytes both ways, and outlives the end of input', async () => {
  const whole = open(`POST /v1.45/echo HTTP/1.1\r\nHost: d\r\n${UPGRADE}Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"greeting":"hi"}there`);
  whole.socket.end(' you');
  await whole.ended;
  expect(whole.received()).toMatch(/^HTTP\/1\.1 101 UPGRADED\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/);
  expect(bodyOf(whole.received())).toBe('hithere you.');
  whole.socket.destroy();
});

test('a body that comes in pieces after the head of an upgrade is put together', async () => {
  const client = open(`POST /echo HTTP/1.1\r\nHost: d\r\n${UPGRADE}Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"gre`);
  await new Promise(resolve => setImmediate(resolve));
  client.socket.end('eting":"hi"}!');
  await client.ended;
  expect(bodyOf(client.received())).toBe('hi!.');
});

test('without an upgrade the body is the input and the answer has status 200', async () => {
  const client = open('POST /echo HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n0\r\n\r\n');
  await client.ended;
  expect(client.received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});

test('an error before the takeover is an HTTP answer that closes the connection', async () => {
  const client = open(`POST /refuse HTTP/1.1\r\nHost: d\r\n${UPGRADE}\r\n`);
  await client.ended;
  expect(client.received()).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  expect(bodyOf(client.received())).toBe('{"message":"No such container: x"}\n');
});

test('a client that does not read stops the flow instead of filling memory', async () => {
  const client = open(`POST /echo HTTP/1.1\r\nHost: d\r\n${UPGRADE}\r\n`);
  client.socket.pause();
  const block = Buffer.alloc(1 << 20, 'x');
  for (let i = 0; i < 32; i++) {
    client.socket.write(block);
    await new Promise(resolve => setImmediate(resolve));
  }
  // The echo is not read, so once the sockets' buffers are full the server takes no more: it stays with the client.
  expect(client.socket.writableLength).toBeGreaterThan(24 << 20);
  client.socket.destroy();
});
