// Servers as they are, slow, odd and malicious, and what becomes of a request to each: nothing that one answers may break more than its own preview.
import { createServer as createTcpServer } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { type Previewed, saying, startPreviews } from '../testing/preview.ts';
import { MAX_PER_LAB } from './forward.ts';

const PORT = 8080;
let previews: Previewed;
afterEach(async () => {
  const { errors } = previews;
  await previews.release();
  expect(errors).toEqual([]);
});
const start = async (server: Parameters<typeof startPreviews>[0][number], options = {}) => { previews = await startPreviews({ [PORT]: server }, options); };
/** Both ways to a port. */
const ways = (): [string, Record<string, string>][] => [['', previews.own(PORT)], [previews.base(PORT), {}]];
const page = { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', accept: 'text/html' };

describe('HTTP as it is', () => {
  test('chunks, trailers, ranges, HEAD, large headers, conditional requests and packed bodies go through', async () => {
    let seen: IncomingMessage | undefined;
    await start((request, response) => {
      seen = request;
      if (request.url === '/trailers') {
        response.writeHead(200, { trailer: 'x-sum', 'content-type': 'text/plain' });
        response.write('body');
        response.addTrailers({ 'x-sum': '42' });
        return void response.end();
      }
      if (request.headers.range) return void response.writeHead(206, { 'content-range': 'bytes 1-2/9', 'content-length': '2' }).end('ab');
      if (request.headers['if-none-match']) return void response.writeHead(304, { etag: '"v1"' }).end();
      response.writeHead(200, { 'x-large': 'v'.repeat(12_000), 'content-encoding': 'gzip', 'content-length': '5', etag: '"v1"', 'x-twice': ['one', 'two'] });
      if (request.method === 'HEAD') return void response.end();
      request.resume().on('end', () => response.end('bytes'));
    });
    const headers = previews.own(PORT);
    const plain = await previews.ask('/', { headers: { ...headers, 'accept-encoding': 'gzip, br' } });
    expect([plain.text, plain.headers['content-encoding'], plain.headers['x-large']?.length, plain.headers['x-twice'], seen!.headers['accept-encoding']]).toEqual(['bytes', 'gzip', 12_000, 'one, two', 'gzip, br']);
    const head = await previews.ask('/', { headers, method: 'HEAD' });
    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', '5']);
    const part = await previews.ask('/', { headers: { ...headers, range: 'bytes=1-2' } });
    expect([part.status, part.text, part.headers['content-range']]).toEqual([206, 'ab', 'bytes 1-2/9']);
    expect((await previews.ask('/', { headers: { ...headers, 'if-none-match': '"v1"' } })).status).toBe(304);
    const trailed = await previews.ask('/trailers', { headers });
    expect([trailed.text, trailed.trailers]).toEqual(['body', { 'x-sum': '42' }]);
  });

  test('a body in chunks stays one, whatever the method, and nothing of it is another request', async () => {
    const got: string[] = [];
    await start((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => { got.push(`${request.method} ${request.url} ${body}`); response.end(); });
    });
    for (const [base, headers] of ways()) for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) await previews.ask(`${base}/x`, { method, headers: { ...headers, 'transfer-encoding': 'chunked' }, body: 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n' });
    expect(got.map(one => one.split('\r\n')[0])).toEqual(['GET', 'POST', 'DELETE', 'OPTIONS', 'GET', 'POST', 'DELETE', 'OPTIONS'].map(method => `${method} /x GET /smuggled HTTP/1.1`));
  });

  test('nor does it become one when its length is said to be of the connection alone', async () => {
    const got: string[] = [];
    await start((request, response) => { got.push(request.url!); request.resume().on('end', () => response.end('x')); });
    const { host, cookie } = previews.own(PORT);
    for (const [path, rest] of [['/own', `Host: ${host}\r\nCookie: ${cookie}\r\n`], [`${previews.base(PORT)}/sandboxed`, 'Host: site.test\r\n']]) {
      const answer = await previews.raw(`GET ${path} HTTP/1.1\r\n${rest}Connection: close, Content-Length\r\nContent-Length: 37\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x.y\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 200/);
    }
    expect(got).toEqual(['/own', '/sandboxed']);
  });

  test.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'], ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n'],
    ['an odd coding', 'Transfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'], ['a folded header', 'X-A: b\r\n Transfer-Encoding: chunked\r\n\r\n'], ['a bare line feed in a header', 'X-A: b\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('what two servers could read in two ways is refused: %s', async (_, rest) => {
    const got: string[] = [];
    await start((request, response) => { got.push(request.url!); response.end('x'); });
    const { host, cookie } = previews.own(PORT);
    const answer = await previews.raw(`POST /x HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n${rest}`);
    expect(answer).toMatch(/^HTTP\/1\.1 (?:400|501|200)/);
    expect(got.filter(url => url !== '/x')).toEqual([]);
    if (!answer.startsWith('HTTP/1.1 200')) expect(got).toEqual([]);
  });

  test('who waits to be asked for the body is asked, and a slow answer is not held back', async () => {
    await start((request, response) => {
      request.resume();
      response.write('first ');
      request.on('end', () => response.end('last'));
    });
    for (const [base, headers] of ways()) {
      const asked = previews.begin(`${base}/`, { method: 'POST', headers: { ...headers, expect: '100-continue', 'content-length': '4' } });
      const continued = once(asked, 'continue');
      asked.flushHeaders();
      await continued;
      asked.write('bo');
      const [answer] = await once(asked, 'response') as [IncomingMessage];
      const [first] = await once(answer, 'data') as [Buffer];
      asked.end('dy');
      const [last] = await once(answer, 'data') as [Buffer];
      expect(`${first}${last}`).toBe('first last');
    }
  });

  test('a client that goes away lets go of the server, while it sends, waits or reads', async () => {
    const closed: string[] = [];
    await start((request, response) => {
      request.on('error', () => {}).on('data', () => {});
      request.socket.once('close', () => closed.push(request.url!));
      if (request.url === '/reads') response.write('x'.repeat(100_000));
    });
    const headers = previews.own(PORT);
    for (const [path, method] of [['/sends', 'POST'], ['/waits', 'GET'], ['/reads', 'GET']] as const) {
      const asked = previews.begin(path, { method, headers: { ...headers, ...(method === 'POST' ? { 'transfer-encoding': 'chunked' } : {}) } });
      asked.on('error', () => {});
      const answered = path === '/reads' ? once(asked, 'response') : undefined;
      if (method === 'POST') asked.write('part'); else asked.end();
      await expect.poll(() => previews.dialled.size).toBe(1);
      await answered;
      asked.destroy();
      await expect.poll(() => closed).toContain(path);
      await expect.poll(() => previews.dialled.size).toBe(0);
    }
  });
});

describe('servers that do not answer as one wishes', () => {
  test.each([
    ['says nothing', createTcpServer(socket => socket.on('error', () => {}).resume()), 504, /has not begun to answer/],
    ['hangs up', createTcpServer(socket => socket.destroy()), 502, /closed the connection without an answer/],
    ['speaks something else', saying('SSH-2.0-OpenSSH_9.2\r\n'), 502, /did not answer as a web server would/],
    ['speaks TLS', saying(Buffer.from([0x15, 3, 1, 0, 2, 2, 70])), 502, /speaks HTTPS/],
    ['has endless headers', saying(`HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(100_000)}\r\n\r\n`), 502, /headers of the answer from port 8080 are larger/],
    ['answers with no number', saying('HTTP/1.1 abc OK\r\n\r\n'), 502, /did not answer as a web server would/],
    ['answers 000', saying('HTTP/1.1 000 Zero\r\nContent-Length: 1\r\n\r\nx'), 502, /did not answer as a web server would/],
    ['switches protocols unasked', saying('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'), 502, /did not answer as a web server would/],
    ['puts a control character into a header', saying('HTTP/1.1 200 OK\r\nX-A: a\u0001b\r\nContent-Length: 1\r\n\r\nx'), 502, /did not answer as a web server would/],
  ])('one that %s: the browser is told so in words', async (_, server, status, words) => {
    await start(server, { patienceMs: 300 });
    for (const [base, headers] of ways()) {
      const answer = await previews.ask(`${base}/`, { headers: { ...headers, ...page, cookie: [headers.cookie, previews.cookie].filter(Boolean).join('; '), 'accept-language': 'en' } });
      expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8']);
      expect(answer.text).toMatch(words);
    }
    expect((await previews.ask('/')).text).toBe('the site');
    await expect.poll(() => previews.dialled.size).toBe(0);
  });

  test('one that is still being asked is not given up', async () => {
    await start((request, response) => void request.resume().on('end', () => response.end('done')), { patienceMs: 500 });
    const asked = previews.begin('/', { method: 'POST', headers: { ...previews.own(PORT), 'transfer-encoding': 'chunked' } });
    asked.write('first');
    await expect.poll(() => previews.dialled.size).toBe(1);
    await new Promise(resolve => setTimeout(resolve, 700));
    asked.end('last');
    expect((await once(asked, 'response') as [IncomingMessage])[0].statusCode).toBe(200);
  });

  test('one that is not there yet: the page looks again by itself; a program is told once, in a line', async () => {
    await start(createTcpServer());
    const headers = { host: `9-${previews.lab}.localhost`, cookie: previews.own(9).cookie! };
    const asPage = await previews.ask('/', { headers: { ...headers, ...page, 'accept-language': 'de' } });
    expect([asPage.status, asPage.headers.refresh, asPage.text.includes('lang="de-DE"'), asPage.text.includes('sieht alle paar Sekunden')]).toEqual([502, '3', true, true]);
    const asProgram = await previews.ask('/', { headers: { ...headers, accept: '*/*' } });
    expect([asProgram.status, asProgram.headers.refresh, asProgram.text]).toEqual([502, undefined, 'Nothing listens on port 9 of your lab yet. Start it, then reload.\n']);
  });

  test.each([
    ['line feeds alone', 'HTTP/1.1 200 OK\nX-Own: 1\nContent-Length: 2\n\nhi'], ['no length', 'HTTP/1.0 200 OK\r\nX-Own: 1\r\n\r\nhi'], ['a length and chunks', 'HTTP/1.1 200 OK\r\nX-Own: 1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'],
  ])('one written in a line of shell, with %s, is read as browsers read it, and what goes on is right', async (_, text) => {
    await start(saying(text));
    for (const [base, headers] of ways()) {
      const answer = await previews.ask(`${base}/`, { headers });
      expect([answer.status, answer.headers['x-own'], answer.text, [undefined, '2'].includes(answer.headers['content-length'])]).toEqual([200, '1', 'hi', true]);
    }
  });

  test('one that breaks off: what came is there, and the browser sees that it is not all', async () => {
    await start(saying('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf'));
    for (const [base, headers] of ways()) await expect(previews.ask(`${base}/`, { headers })).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    await expect.poll(() => previews.dialled.size).toBe(0);
  });

  test('one whose packed page is no such thing, or a bomb, costs nobody else', async () => {
    await start(saying('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\nnot packed'));
    await expect(previews.ask(`${previews.base(PORT)}/`)).rejects.toThrow(/aborted|hang up|ECONNRESET/);
    expect((await previews.ask('/')).text).toBe('the site');
  });
});

describe('servers that mean harm', () => {
  test('no header reaches beyond the preview’s own origin', async () => {
    await start((_request, response) => {
      const theirs = { 'clear-site-data': '"*"', 'strict-transport-security': 'max-age=1; includeSubDomains', 'alt-svc': 'h3=":443"', nel: '{"include_subdomains":true}', 'report-to': '{}', 'public-key-pins': 'x', 'expect-ct': 'x', 'sec-session-registration': '(ES256)', 'set-login': 'logged-in' };
      response.writeHead(200, { ...theirs, 'set-cookie': ['a=1; Domain=localhost', 'slipway_preview=forged', 'SLIPWAY_shared=forged', 'b=2;domain=.example.org;Secure'], 'service-worker-allowed': '/', connection: 'x-hop', 'x-hop': '1', 'access-control-allow-origin': '*' });
      response.end();
    });
    const { headers } = await previews.ask('/', { headers: previews.own(PORT) });
    const { date: _date, connection: _connection, 'keep-alive': _alive, ...rest } = headers;
    expect(rest).toEqual({ 'set-cookie': ['a=1', 'b=2;Secure'], 'service-worker-allowed': '/', 'access-control-allow-origin': '*', 'transfer-encoding': 'chunked' });
  });

  test.each(['HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: slipway_learner=x\r\nContent-Length: 1\r\n\r\nx', 'HTTP/1.1 200 O\rK\r\nContent-Length: 1\r\n\r\nx', 'HTTP/1.1 200 OK\r\nX-A: a\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: slipway_learner=x\r\n\r\n'])('an answer is never two, nor a header another one: %j', async text => {
    await start(saying(text));
    const { host, cookie } = previews.own(PORT);
    const answer = await previews.raw(`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`);
    expect(answer.split('\r\n\r\n')[0]).not.toMatch(/set-cookie/i);
    expect(answer.match(/^HTTP\/1\.1 \d/gm)?.length).toBe(answer.includes('X-A: a\r\n\r\nHTTP') ? 2 : answer.startsWith('HTTP/1.1 200') && text.endsWith('\r\n\r\n') ? 2 : 1);
  });

  test('a WebSocket only becomes one when its server says so, and no header of the answer is made up', async () => {
    await start(saying('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx'));
    const { host, cookie } = previews.own(PORT);
    const upgrade = (path: string, headers: string) => previews.raw(`GET ${path} HTTP/1.1\r\n${headers}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a\r\n\r\n`);
    expect(await upgrade('/', `Host: ${host}\r\nCookie: ${cookie}\r\n`)).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    for (const origin of ['http://evil.example', 'http://site.test', `http://${host}`]) expect(await upgrade(`${previews.base(PORT)}/`, `Host: site.test\r\nOrigin: ${origin}\r\n`)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(await upgrade('/preview/x/', 'Host: site.test\r\nOrigin: null\r\n')).toMatch(/^HTTP\/1\.1 403/);
    expect(await previews.raw(`GET ${previews.base(PORT)}/ HTTP/1.1\r\nHost: site.test\r\nOrigin: null\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403/);
    await expect.poll(() => previews.dialled.size).toBe(0);
  });

  test('a name of another site leads to no preview, whatever it resolves to', async () => {
    await start((_request, response) => response.end('app'));
    const { cookie } = previews.own(PORT);
    for (const host of ['evil.example', `8080-${previews.lab}.evil.example`, `8080-${previews.lab}.localhost.evil.example`]) expect((await previews.ask('/', { headers: { host, cookie: cookie! } })).text).toBe('the site');
  });

  test('a thousand connections of one lab: two hundred at a time, the others are told, and another lab feels nothing', async () => {
    await start((_request, response) => void response.write('x'));
    const headers = previews.own(PORT);
    const open = Array.from({ length: 1000 }, () => previews.begin('/', { headers }));
    const statuses = await Promise.all(open.map(asked => new Promise<number>((resolve, reject) => asked.on('response', answer => { answer.on('error', () => {}); resolve(answer.statusCode!); }).on('error', reject).end())));
    expect([statuses.filter(status => status === 200).length, statuses.filter(status => status === 503).length]).toEqual([MAX_PER_LAB, 1000 - MAX_PER_LAB]);
    expect(previews.dialled.size).toBe(MAX_PER_LAB);
    const other = { lab: 'other', port: PORT };
    const pass = previews.passes.enter(other, new URLSearchParams(previews.passes.link(other).split('?')[1]).get('token')!, { secure: false })!.split(';')[0]!;
    const elsewhere = previews.begin('/', { headers: { host: `${PORT}-other.localhost`, cookie: pass } });
    const [answer] = await once(elsewhere.end(), 'response') as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    answer.on('error', () => {});
    for (const asked of [...open, elsewhere]) asked.on('error', () => {}).destroy();
    await expect.poll(() => previews.dialled.size).toBe(0);
    const again = previews.begin('/', { headers });
    expect((await once(again.end(), 'response') as [IncomingMessage])[0].statusCode).toBe(200);
    again.on('error', () => {}).destroy();
  });
});
