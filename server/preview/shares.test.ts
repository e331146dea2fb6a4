// Guests by a shared link: what they may open, and every way of opening more.
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PortLink, PortLinks } from '../data/port-links.ts';
import type { Target } from './address.ts';
import { createPasses } from './pass.ts';
import { servePreviews } from './proxy.ts';
import { createShares, SHARED_PATH, type Shares } from './shares.ts';

const target: Target = { lab: 'abcd1234', port: 8080 };
const HOST = '8080-abcd1234.localhost';
const QUARTER_MS = 15 * 60_000;

let now: number;
let kept: Map<string, PortLink>;
let links: PortLinks;
let shares: Shares;
let site: Server;
let app: Server;
let seenCookie: string | undefined;
beforeEach(async () => {
  now = Date.now();
  kept = new Map();
  links = {
    make: async link => void kept.set(link.hash, link),
    remove: async hashes => { for (const hash of hashes) kept.delete(hash); },
    load: async () => [...kept.values()],
  };
  shares = createShares(links, () => now);
  app = createServer((request, response) => {
    seenCookie = request.headers.cookie;
    response.setHeader('set-cookie', 'slipway_shared=forged; Path=/');
    if (request.url === '/stream') return void response.write('first');
    response.end('app');
  }).on('upgrade', (_request, socket) => { socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'); socket.pipe(socket); });
  site = createServer((_request, response) => response.end('the site'));
  servePreviews(site, {
    domains: ['localhost'], passes: createPasses(Buffer.alloc(32, 9)), shares, closings: { until: () => new AbortController().signal }, sandboxed: undefined, more: () => undefined, isHttps: () => false, onError: error => { throw error; },
    dial: async () => connect((app.address() as AddressInfo).port, '127.0.0.1'),
  });
  await Promise.all([app, site].map(server => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))));
});
afterEach(() => { shares.release(); for (const server of [site, app]) { server.closeAllConnections(); server.close(); } });

const begin = (path: string, headers: Record<string, string>) => httpRequest({ port: (site.address() as AddressInfo).port, host: '127.0.0.1', path, headers: { host: HOST, ...headers } });
function ask(path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>((resolve, reject) => {
    begin(path, headers).on('response', answer => {
      let text = '';
      answer.setEncoding('utf8').on('data', part => { text += part; }).on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
    }).on('error', reject).end();
  });
}
const make = async (ms = QUARTER_MS, where = target, workspace = 'w1') => shares.make(workspace, where, ms);
const open = (token: string, host = HOST) => ask(`${SHARED_PATH}?token=${token}`, { host });
const cookieOf = (answer: { headers: IncomingMessage['headers'] }) => String(answer.headers['set-cookie']).split(';')[0]!;

test('opens its port for everybody who has it, as often as they like, and the program behind it never sees what it carries', async () => {
  const { token, share } = await make();
  for (let guest = 0; guest < 2; guest++) {
    const answer = await open(token);
    expect([answer.status, answer.headers.location, answer.headers['referrer-policy']]).toEqual([303, '/', 'no-referrer']);
    expect(String(answer.headers['set-cookie'])).toMatch(/^slipway_shared=[^;]+; Path=\/; Max-Age=900; HttpOnly; SameSite=Lax$/); // no Domain: this origin alone
    const page = await ask('/', { cookie: `${cookieOf(answer)}; own=1` });
    expect([page.status, page.text, seenCookie, page.headers['set-cookie']]).toEqual([200, 'app', 'own=1', undefined]);
  }
  expect(JSON.stringify([...kept.values(), shares.list('w1', target), share])).not.toContain(token);
});

test('opens no other port, no other lab, and nothing of the site', async () => {
  const { token } = await make();
  const cookie = cookieOf(await open(token));
  for (const host of ['8081-abcd1234.localhost', '8080-other.localhost', '80-abcd1234.localhost']) {
    expect((await open(token, host)).status, host).toBe(403);
    expect((await ask('/', { cookie, host })).status, host).toBe(403);
  }
  expect((await ask('/ws/?EIO=4&transport=polling', { cookie })).text).toBe('app');
});

test.each(['', 'x', 'undefined', 'A'.repeat(43), '../../etc', '%00'.repeat(43)])('what was never given opens nothing: %s', async token => {
  await make();
  expect((await open(token)).status).toBe(403);
  expect((await ask('/', { cookie: `slipway_shared=${token}` })).status).toBe(403);
});

test('neither its name nor its hash opens anything, and it is no owner’s pass', async () => {
  const { token, share } = await make();
  for (const value of [share.id, [...kept.keys()][0]!]) expect((await ask('/', { cookie: `slipway_shared=${value}` })).status).toBe(403);
  expect((await ask('/', { cookie: `slipway_preview=${token}` })).status).toBe(403);
  expect((await ask(`/.slipway/enter?token=${token}`)).status).toBe(403);
});

test('when it ends, so do its guests, with what they have open', async () => {
  const { token } = await make(300);
  const cookie = cookieOf(await open(token));
  const answer = await new Promise<IncomingMessage>(resolve => begin('/stream', { cookie }).on('response', resolve).on('error', () => {}).end());
  await new Promise(resolve => answer.on('error', resolve).on('close', resolve).resume());
  now += 301;
  const refused = await ask('/', { cookie });
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('This shared link has ended')]);
  expect((await open(token)).status).toBe(403);
});

test('revoked, it opens nothing, streams and WebSockets of its guests are cut, and other links go on', async () => {
  const { token, share } = await make();
  const other = await make();
  const cookie = cookieOf(await open(token));
  const stream = await new Promise<IncomingMessage>(resolve => begin('/stream', { cookie }).on('response', resolve).on('error', () => {}).end());
  const streamCut = new Promise(resolve => stream.on('error', resolve).on('close', resolve).resume());
  const socket = await new Promise<Duplex>((resolve, reject) => begin('/live', { cookie, connection: 'Upgrade', upgrade: 'websocket' })
    .on('upgrade', (_answer, upgraded) => resolve(upgraded)).on('response', reject).on('error', reject).end());
  const socketCut = new Promise(resolve => socket.on('error', resolve).on('close', resolve).resume());
  await shares.revoke('somebody-else', share.id);
  expect((await ask('/', { cookie })).status).toBe(200);
  await shares.revoke('w1', share.id);
  await Promise.all([streamCut, socketCut]);
  expect([(await ask('/', { cookie })).status, (await open(token)).status, (await open(other.token)).status, kept.size]).toEqual([403, 403, 303, 1]);
  await vi.waitFor(async () => expect(await new Promise(resolve => app.getConnections((_, count) => resolve(count)))).toBe(0)); // nothing is held behind
});

test('a new lab ends the links to the old one, whoever’s are another workspace’s stay', async () => {
  const old = await make();
  const theirs = await make(QUARTER_MS, { lab: 'theirs', port: 8080 }, 'w2');
  await shares.keepOnly('w1', 'abcd1234');
  expect((await open(old.token)).status).toBe(303);
  await shares.keepOnly('w1', 'newer');
  expect([(await open(old.token)).status, (await open(theirs.token, '8080-theirs.localhost')).status]).toEqual([403, 303]);
});

test('a restart forgets none, and a workspace has twenty at most', async () => {
  const { token } = await make();
  const again = createShares(links, () => now);
  await again.load();
  expect([again.admit(target, token) === undefined, again.list('w1', target).length, again.list('w2', target).length]).toEqual([false, 1, 0]);
  again.release();
  for (let made = 1; made < 20; made++) await make();
  await expect(make()).rejects.toThrow();
  await expect(make(QUARTER_MS, target, 'w2')).resolves.toBeDefined();
});
