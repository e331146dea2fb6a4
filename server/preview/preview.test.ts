import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { COOKIE, newLearnerId, readLearner, signLearner } from '../http/cookie.ts';
import { framesFor, isPreviewHost, originFor, targetOf, wayTo } from './address.ts';
import { refusesFrames, requestHeaders, responseHeaders } from './headers.ts';
import { createPasses, PASS_COOKIE } from './pass.ts';
import { servePreviews } from './proxy.ts';

const secret = Buffer.alloc(32, 9);
const target = { lab: 'abcd1234', port: 8080 };
const HOST = '8080-abcd1234.localhost:3000';
const never = new AbortController();

describe('the address of a port', () => {
  test.each([
    [HOST, target], ['8080-ABCD1234.LOCALHOST', target], ['localhost:3000', undefined], ['0-abcd1234.localhost', undefined], ['99999-abcd1234.localhost', undefined],
    ['8080-abcd1234.localhost.evil.example', undefined], ['x.8080-abcd1234.localhost', undefined], [undefined, undefined],
  ])('%s', (host, wanted) => expect(targetOf(host, ['localhost'])).toEqual(wanted));

  test('the site never answers below a preview domain, nor previews on its own', () => {
    expect([isPreviewHost('anything.localhost', ['localhost']), isPreviewHost('localhost:3000', ['localhost']), isPreviewHost('notlocalhost', ['localhost'])]).toEqual([true, false, false]);
  });

  test.each([
    ['localhost:3000', undefined, 'http://8080-abcd1234.localhost:3000'], ['127.0.0.1:3000', undefined, 'http://8080-abcd1234.localhost:3000'], ['[::1]:3000', undefined, 'http://8080-abcd1234.localhost:3000'],
    ['lab.example', undefined, undefined], ['lab.example', 'pages.example', 'http://8080-abcd1234.pages.example'], ['lab.example:81', 'pages.example', 'http://8080-abcd1234.pages.example:81'],
  ])('a page at %s with the domain %s', (host, domain, wanted) => expect(originFor(target, { host, https: false }, domain)).toBe(wanted));

  test.each([
    ['auto', 'localhost:3000', undefined, 'origin http://8080-abcd1234.localhost:3000'], ['auto', '192.168.1.5:3000', undefined, 'path http://192.168.1.5:3000'], ['auto', '[fd00::1]:3000', undefined, 'path http://[fd00::1]:3000'],
    ['auto', 'lab.example', 'pages.example', 'origin http://8080-abcd1234.pages.example'], ['path', 'lab.example', 'pages.example', 'path http://lab.example'], ['path', 'localhost:3000', undefined, 'path http://localhost:3000'],
    ['domain', 'lab.example', undefined, ''], ['off', 'localhost', 'pages.example', ''], ['auto', 'evil; script-src *', undefined, ''], ['auto', undefined, undefined, ''],
  ] as const)('set to %s, a page at %s with the domain %s is opened at: %s', (mode, host, domain, wanted) => {
    const way = wayTo(target, { host, https: false }, { mode, domain });
    expect(way ? `${way.kind} ${way.origin}` : '').toBe(wanted);
  });

  test('a pane shows the previews of the site\'s own origin and nothing else of it', () => {
    expect(framesFor({ host: 'lab.example:81', https: false }, { mode: 'auto', domain: undefined })).toBe('http://lab.example:81/preview/');
    expect(framesFor({ host: 'lab.example', https: true }, { mode: 'off', domain: undefined })).toBeUndefined();
  });
});

describe('a pass', () => {
  const isOwner = (where: typeof target, cookie: string | undefined) => passes.admit(where, cookie)?.pane === false;
  const isPane = (where: typeof target, cookie: string | undefined) => passes.admit(where, cookie)?.pane === true;
  let passes = createPasses(secret);
  const token = (link: string) => new URLSearchParams(link.split('?')[1]).get('token')!;

  test('comes by a link that works once, for a minute, for one port of one lab', () => {
    let now = 0;
    passes = createPasses(secret, undefined, () => now);
    const enter = (where: typeof target, link: string) => passes.enter(where, token(link), { secure: false });
    const link = passes.link(target);
    expect(enter({ ...target, port: 8081 }, link)).toBeUndefined();
    expect(enter({ ...target, lab: 'other' }, link)).toBeUndefined();
    const cookie = enter(target, link)!;
    expect(cookie).toMatch(/^slipway_preview=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/); // no Domain: this origin alone
    expect(enter(target, link)).toBeUndefined();
    const pass = cookie.split(';')[0]!;
    expect([isOwner(target, `a=b; ${pass}`), isOwner({ ...target, port: 1 }, pass), isOwner({ ...target, lab: 'x' }, pass), isOwner(target, undefined), isOwner(target, `${pass}x`)]).toEqual([true, false, false, false, false]);
    const late = passes.link(target);
    now += 60_001;
    expect(enter(target, late)).toBeUndefined();
    now += 13 * 3_600_000;
    expect(isOwner(target, pass)).toBe(false);
  });

  test('for a pane is another: it comes by a link of its own, for that page alone, and is no pass of a tab', () => {
    passes = createPasses(secret);
    const link = passes.link(target, { pane: true });
    expect(passes.enter({ ...target, port: 1 }, token(link), { secure: false })).toBeUndefined();
    const cookie = passes.enter(target, token(link), { secure: false })!;
    expect(cookie).toMatch(/^slipway_pane=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=None; Partitioned$/);
    expect(passes.enter(target, token(link), { secure: false })).toBeUndefined();
    const pass = cookie.split(';')[0]!;
    expect([isPane(target, pass), isOwner(target, pass), isPane({ ...target, port: 1 }, pass), isPane({ ...target, lab: 'x' }, pass)]).toEqual([true, false, false, false]);
    const value = pass.slice('slipway_pane='.length);
    expect([isOwner(target, `${PASS_COOKIE}=${value}`), isPane(target, `slipway_pane=${token(link)}`)]).toEqual([false, false]);
    expect(isPane(target, passes.enter(target, token(passes.link(target)), { secure: true })!.replace(PASS_COOKIE, 'slipway_pane').split(';')[0])).toBe(false);
  });

  test('is no learner\'s cookie, a learner\'s cookie is no pass, and a link is no pass', () => {
    passes = createPasses(secret);
    const id = newLearnerId();
    expect(isOwner(target, `${PASS_COOKIE}=${signLearner(id, secret)}`)).toBe(false);
    expect(isOwner(target, `${PASS_COOKIE}=${token(passes.link(target))}`)).toBe(false);
    expect(readLearner(`${COOKIE}=${passes.enter(target, token(passes.link(target)), { secure: true })!.split(';')[0]!.slice(PASS_COOKIE.length + 1)}`, secret)).toBeUndefined();
  });
});

describe('headers', () => {
  test('the site\'s cookies and what belongs to one connection do not go in', () => {
    expect(requestHeaders({ host: HOST, cookie: 'slipway_learner=x; app=1; slipway_preview=y', connection: 'keep-alive, x-mine', 'x-mine': '1', 'x-forwarded-for': 'forged', te: 'trailers', accept: '*/*' }, { https: true, upgrade: false }))
      .toEqual({ host: HOST, cookie: 'app=1', accept: '*/*', connection: 'close', 'x-forwarded-proto': 'https', 'x-forwarded-host': HOST });
  });

  test('nothing that comes out reaches beyond the preview\'s own origin', () => {
    expect(responseHeaders({ 'set-cookie': ['a=1; Domain=localhost; Path=/', 'slipway_learner=evil', ' Slipway_preview=evil', 'b=2; domain = .example; Secure'], 'clear-site-data': '"*"', 'strict-transport-security': 'max-age=1; includeSubDomains', 'content-type': 'text/html' }))
      .toEqual({ 'set-cookie': ['a=1; Path=/', 'b=2; Secure'], 'content-type': 'text/html' });
  });
});

test.each([
  [{ 'x-frame-options': 'DENY' }, true], [{ 'x-frame-options': 'SameOrigin' }, true], [{}, false], [{ 'content-security-policy': "default-src 'self'" }, false],
  [{ 'content-security-policy': "default-src 'self'; frame-ancestors 'none'" }, true], [{ 'content-security-policy': "default-src 'self', Frame-Ancestors 'self'" }, true],
  [{ 'content-security-policy': 'frame-ancestors *', 'x-frame-options': 'DENY' }, false],
])('a frame is refused by %j: %s', (headers, wanted) => expect(refusesFrames(headers)).toBe(wanted));

test.each([
  ['localhost:3000', false, undefined, 'http://*.localhost:3000'], ['127.0.0.1:3000', false, undefined, 'http://*.localhost:3000'], ['lab.example', true, 'pages.example', 'https://*.pages.example'],
  ['lab.example', false, 'pages.example', undefined], ['lab.example', true, undefined, undefined], ["evil; script-src *", false, undefined, undefined], ["localhost:1; script-src *", false, undefined, undefined],
])('a page at %s (https: %s) with the domain %s may frame %s', (host, https, domain, wanted) => expect(framesFor({ host, https }, { mode: 'domain', domain })).toBe(wanted));

describe('the way to a port', () => {
  const passes = createPasses(secret);
  let site: Server;
  let app: Server;
  const odd = createTcpServer(socket => void socket.end('hello\r\n'));
  let seen: IncomingMessage['headers'] = {};
  let cookie = '';
  beforeAll(async () => {
    app = createServer((request, response) => {
      seen = request.headers;
      if (request.url === '/events') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        return void response.write('data: first\n\n');
      }
      if (request.url === '/echo') return void request.pipe(response);
      response.setHeader('set-cookie', ['slipway_learner=forged; Path=/', 'mine=1; Domain=localhost']);
      response.end(`app ${request.method} ${request.url}`);
    });
    app.on('upgrade', (request, socket) => {
      seen = request.headers;
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    await new Promise<void>(resolve => app.listen(0, '127.0.0.1', resolve));
    await new Promise<void>(resolve => odd.listen(0, '127.0.0.1', resolve));
    site = createServer((_request, response) => response.end('the site'));
    servePreviews(site, { domains: ['localhost'], passes, closings: { until: () => never.signal }, shares: { admit: () => undefined, enter: () => undefined }, sandboxed: undefined, more: () => 'http://localhost/ports/x', isHttps: () => false, onError: error => { throw error; }, dial: async ({ port }) => {
      const socket = connect(((port === 8082 ? odd : app).address() as AddressInfo).port, '127.0.0.1');
      await new Promise<void>(resolve => socket.once('connect', () => resolve()));
      return socket;
    } });
    await new Promise<void>(resolve => site.listen(0, '127.0.0.1', resolve));
    cookie = passes.enter(target, new URLSearchParams(passes.link(target).split('?')[1]).get('token')!, { secure: false })!.split(';')[0]!;
  });
  afterAll(() => { odd.close(); for (const server of [site, app]) { server.closeAllConnections(); server.close(); } });

  function ask(path: string, headers: Record<string, string> = {}, body?: Buffer, method = body ? 'POST' : 'GET') {
    return new Promise<{ status: number; headers: IncomingMessage['headers']; text: string }>((resolve, reject) => {
      const asked = httpRequest({ port: (site.address() as AddressInfo).port, host: '127.0.0.1', path, method, headers: { host: HOST, ...headers } }, answer => {
        let text = '';
        answer.setEncoding('latin1').on('data', (part: string) => {
          text += part;
          if (path === '/events') { resolve({ status: answer.statusCode!, headers: answer.headers, text }); asked.destroy(); }
        }).on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text }));
      }).on('error', reject);
      asked.end(body);
    });
  }

  test('leads nobody there without a pass, not even with the learner\'s own cookie', async () => {
    expect((await ask('/')).status).toBe(403);
    expect((await ask('/', { cookie: `${COOKIE}=${signLearner(newLearnerId(), secret)}` })).status).toBe(403);
    expect((await ask('/', { cookie, host: '8081-abcd1234.localhost' })).status).toBe(403);
    expect((await ask('/', { cookie, host: '8080-other.localhost' })).status).toBe(403);
  });

  test('leads there with one, and back, without the site\'s cookies either way', async () => {
    const answer = await ask('/path?q=1', { cookie: `${cookie}; ${COOKIE}=secret; own=2` });
    expect([answer.status, answer.text, answer.headers['set-cookie'], seen.cookie, seen.host]).toEqual([200, 'app GET /path?q=1', ['mine=1'], 'own=2', HOST]);
  });

  test('never serves the site on a preview\'s origin, whatever the path', async () => {
    for (const path of ['/', '/ws/?EIO=4&transport=polling', '/healthz', '/_next/x']) expect((await ask(path, { cookie })).text).toBe(`app GET ${path}`);
    expect((await ask('/', { host: 'localhost:3000' })).text).toBe('the site');
  });

  test('the link sets the cookie and leads to the start', async () => {
    const link = passes.link(target);
    const answer = await ask(link);
    expect([answer.status, answer.headers.location]).toEqual([303, '/']);
    expect((await ask('/', { cookie: String(answer.headers['set-cookie']).split(';')[0]! })).status).toBe(200);
    expect((await ask(link)).status).toBe(403);
  });

  test('streams: an event at once, ten megabytes there and back', async () => {
    expect((await ask('/events', { cookie })).text).toBe('data: first\n\n');
    const big = Buffer.alloc(10 << 20, 'x');
    expect((await ask('/echo', { cookie }, big)).text.length).toBe(big.length);
  });

  test('takes WebSockets of the preview\'s own pages only', async () => {
    const upgrade = (headers: Record<string, string>) => new Promise<string>((resolve, reject) => {
      const asked = httpRequest({ port: (site.address() as AddressInfo).port, host: '127.0.0.1', path: '/live', headers: { host: HOST, connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'k', ...headers } });
      asked.on('upgrade', (_answer, socket) => {
        socket.write('ping');
        socket.once('data', (data: Buffer) => { resolve(data.toString()); socket.destroy(); });
      }).on('response', answer => { resolve(String(answer.statusCode)); answer.resume(); }).on('error', reject);
      asked.end();
    });
    expect(await upgrade({ cookie, origin: `http://${HOST}` })).toBe('ping');
    expect(seen['sec-websocket-key']).toBe('k');
    expect(await upgrade({ cookie, origin: 'http://8081-abcd1234.localhost:3000' })).toBe('403');
    expect(await upgrade({ origin: `http://${HOST}` })).toBe('403');
  });

  test('a server that speaks no HTTP is said in words', async () => {
    const odd = { ...target, port: 8082 };
    const pass = passes.enter(odd, new URLSearchParams(passes.link(odd).split('?')[1]).get('token')!, { secure: false })!.split(';')[0]!;
    const answer = await ask('/', { cookie: pass, host: '8082-abcd1234.localhost:3000' });
    expect([answer.status, answer.text]).toEqual([502, expect.stringMatching(/^The program at port 8082 did not answer as a web server would: /)]);
  });
});
