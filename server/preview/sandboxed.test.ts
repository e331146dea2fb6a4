// Ports on the site's own origin: who gets in by a path, what a server there is told and may say, cookies that no browser sees.
import { gzipSync } from 'node:zlib';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newLearnerId, signLearner, COOKIE } from '../http/cookie.ts';
import { type Previewed, saying, secret, startPreviews } from '../testing/preview.ts';
import { sharedPath } from './sandboxed.ts';
import { SANDBOX } from './sandbox.ts';

const PORT = 8080;
const ODD = 8081;
let previews: Previewed;
let seen: IncomingMessage['headers'];
let base: string;
const page = (extra: Record<string, string> = {}) => ({ 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', cookie: previews.cookie, ...extra });
beforeAll(async () => {
  previews = await startPreviews({
    [PORT]: (request, response) => {
      seen = request.headers;
      const url = new URL(request.url!, 'http://x');
      for (const cookie of url.searchParams.getAll('set')) response.appendHeader('set-cookie', cookie);
      const location = url.searchParams.get('to');
      if (location !== null) return void response.writeHead(302, { location }).end();
      if (url.pathname === '/headers') return void response.writeHead(200, Object.fromEntries(url.searchParams)).end('x');
      if (url.pathname === '/gzip') return void response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end(gzipSync('<a href="/packed">'));
      if (url.pathname === '/html') return void response.writeHead(200, { 'content-type': 'text/html', 'content-length': '13' }).end('<a href="/x">');
      if (url.pathname === '/events') return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: first\n\n');
      response.end(`app ${request.method} ${request.url}`);
    },
    [ODD]: saying('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 30\r\nContent-Security-Policy: sandbox allow-same-origin allow-scripts\r\n\r\n<script>parent.x = 1</script> '),
  });
});
beforeEach(() => { base = previews.base(PORT); });
afterAll(() => previews.release());

test('whatever a server answers is in a sandbox without an origin, also where it asks for another one, and where we answer ourselves', async () => {
  const odd = previews.base(ODD);
  const answers = [await previews.ask(`${base}/`), await previews.ask(`${odd}/`), await previews.ask(`${base}/.slipway/fit.js`), await previews.ask('/preview/x/'), await previews.ask(previews.base(9)), await previews.ask(`${previews.base(9)}/`), await previews.ask(`${base}/`, { method: 'OPTIONS', headers: { origin: 'null', 'access-control-request-method': 'PUT' } })];
  for (const { headers } of answers) expect(String(headers['content-security-policy'])).toContain(SANDBOX);
  expect(SANDBOX).not.toMatch(/allow-same-origin|allow-top-navigation|escape/);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 403, 308, 502, 204]);
});

test('its path is for whose pass it is: as a page of its own it opens for nobody else, whoever has the address', async () => {
  const stranger = { cookie: `${COOKIE}=${signLearner(newLearnerId(), secret)}` };
  expect((await previews.ask(`${base}/`, { headers: page() })).text).toBe('app GET /');
  for (const headers of [page(stranger), page({ cookie: '' }), { 'upgrade-insecure-requests': '1', accept: 'text/html' }]) {
    const refused = await previews.ask(`${base}/`, { headers });
    expect([refused.status, refused.text.includes('Only the owner of this lab')]).toEqual([403, true]);
  }
  const pane = previews.base(PORT, { pane: true });
  const inFrame = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' };
  expect([(await previews.ask(`${pane}/`, { headers: inFrame })).status, (await previews.ask(`${pane}/`, { headers: page() })).status, (await previews.ask(`${pane}/`, { headers: page(stranger) })).status]).toEqual([200, 200, 403]);
  expect((await previews.ask(`${base}/style.css`, { headers: { 'sec-fetch-dest': 'style', 'sec-fetch-site': 'cross-site' } })).status).toBe(200); // no cookie comes with what the page loads
  expect((await previews.ask(`${base}/`, { method: 'POST', headers: { 'sec-fetch-dest': 'document', origin: 'null' }, body: 'a=1' })).status).toBe(200); // nor with its forms
});

test.each(['/preview/', '/preview/x', '/preview/8080-abcd1234.t.', '/preview/8080-abcd1234.t.aaaaaaaaaaaaaaaa.1.zzzzzzzzz.n.s/'])('what is no pass opens nothing: %s', async path => {
  expect((await previews.ask(path)).status).toBe(403);
});

test('a pass for one port is none for another, nor for another lab, nor for a pane; nor is a cookie’s', async () => {
  for (const other of [base.replace('8080-', '8081-'), base.replace('abcd1234', 'abcd1235'), base.replace('.t.', '.p.'), `/preview/8080-abcd1234.t.${previews.passes.who(previews.learner)}.${previews.own(PORT).cookie!.split('=')[1]}`]) expect((await previews.ask(`${other}/`)).status, other).toBe(403);
  expect((await previews.ask('/', { headers: { ...previews.own(PORT), cookie: `slipway_preview=${base.split('.').slice(3).join('.')}` } })).status).toBe(403);
});

test('closed, it lets nobody in any more, and what is open is cut; a pass of later is good', async () => {
  const late = await startPreviews({ [PORT]: (_request, response) => void response.writeHead(200).write('first') });
  const [old, own] = [late.base(PORT), late.own(PORT)];
  const cut = (path: string, headers: Record<string, string>) => new Promise<string>(resolve => late.begin(path, { headers }).on('response', answer => answer.on('error', () => resolve('cut')).on('data', () => {}).on('end', () => resolve('ended'))).end());
  const open = [cut(`${old}/`, {}), cut('/', own)];
  await expect.poll(() => late.dialled.size).toBe(2);
  await new Promise(resolve => setTimeout(resolve, 5)); // a pass of the same millisecond is of before
  await late.closings.close(late.lab);
  expect(await Promise.all(open)).toEqual(['cut', 'cut']);
  expect([(await late.ask(`${old}/`)).status, (await late.ask('/', { headers: own })).status]).toEqual([403, 403]);
  await new Promise(resolve => setTimeout(resolve, 5));
  const again = late.begin(`${late.base(PORT)}/`);
  expect(await new Promise(resolve => again.on('response', answer => resolve(answer.statusCode)).end())).toBe(200);
  again.destroy();
  await expect.poll(() => late.dialled.size).toBe(0);
  await late.release();
});

test('a shared link gives each guest a path and cookies of their own, until it ends', async () => {
  const { token, share } = await previews.shares.make('w1', { lab: previews.lab, port: PORT }, 60_000);
  const paths: string[] = [];
  for (let guest = 0; guest < 2; guest++) {
    const entered = await previews.ask(sharedPath({ lab: previews.lab, port: PORT }, token), { headers: page({ cookie: '' }) });
    expect([entered.status, entered.headers['referrer-policy']]).toEqual([303, 'no-referrer']);
    paths.push(String(entered.headers.location));
  }
  await previews.ask(`${paths[0]}?set=mine%3D1`, { headers: page({ cookie: '' }) });
  await previews.ask(paths[0]!);
  expect(seen.cookie).toBe('mine=1');
  await previews.ask(paths[1]!);
  expect(seen.cookie).toBeUndefined();
  expect((await previews.ask(paths[0]!.replace('8080-', '8081-'))).status).toBe(403);
  await previews.shares.revoke('w1', share.id);
  expect([(await previews.ask(paths[0]!)).status, (await previews.ask(sharedPath({ lab: previews.lab, port: PORT }, token))).status]).toEqual([403, 403]);
});

test('the server is asked as http://localhost:8080, and told nothing of the site: no cookie, no password that a browser sends by itself', async () => {
  await previews.ask(`${base}/api?q=1`, { headers: page({ cookie: `${previews.cookie}; other=1`, origin: 'null', referer: 'http://site.test/', authorization: 'Basic c2l0ZQ==', 'x-forwarded-for': '1.2.3.4', 'accept-encoding': 'gzip', 'upgrade-insecure-requests': '1' }) });
  expect(seen).toEqual({ host: 'localhost:8080', origin: 'http://localhost:8080', 'accept-encoding': 'identity', 'x-forwarded-proto': 'http', 'x-forwarded-host': 'site.test', 'x-forwarded-prefix': base, connection: 'close' });
  await previews.ask(`${base}/`, { headers: { authorization: 'Bearer its-own' } });
  expect(seen.authorization).toBe('Bearer its-own');
});

test('cookies stay here: a jar for each learner and port, by path, with an end, and bounded', async () => {
  const set = async (path: string, ...cookies: string[]) => expect((await previews.ask(`${base}${path}?${cookies.map(one => `set=${encodeURIComponent(one)}`).join('&')}`)).headers['set-cookie']).toBeUndefined();
  const sent = async (path: string, at = base) => { await previews.ask(`${at}${path}`); return seen.cookie; };
  await set('/', 'a=1; HttpOnly', 'slipway_learner=forged; Path=/', 'd=1; Domain=site.test', 'e=1; Domain=localhost', 's=1; Secure');
  expect((await sent('/'))?.split('; ').toSorted()).toEqual(['a=1', 'e=1', 's=1', 'slipway_learner=forged']); // its own business there: the browser never has it
  expect(await sent('/', previews.base(PORT))).toContain('a=1'); // a pass of later is the same learner's
  expect(await sent('/', `/preview/${previews.passes.segment({ lab: previews.lab, port: PORT }, newLearnerId())}`)).toBeUndefined();
  await set('/deep/in', 'p=1; Path=/deep');
  expect([(await sent('/deep/x'))?.includes('p=1'), (await sent('/'))?.includes('p=1')]).toEqual([true, false]);
  await set('/', 'a=1; Max-Age=0', 'e=; Expires=Thu, 01 Jan 1970 00:00:00 GMT');
  expect((await sent('/'))?.split('; ').toSorted()).toEqual(['s=1', 'slipway_learner=forged']);
  for (let n = 0; n < 60; n++) await set('/', `c${n}=${'v'.repeat(100)}`);
  expect((await sent('/'))?.split('; ')).toHaveLength(50);
  for (let n = 0; n < 10; n++) await set('/', `big${n}=${'v'.repeat(3500)}`);
  expect((await sent('/'))!.length).toBeLessThan(8192);
  await set('/', `huge=${'v'.repeat(5000)}`);
  expect(await sent('/')).not.toContain('huge=');
});

test.each([
  ['/login', '/login'], ['login', '/a/login'], ['http://localhost:8080/x?y#z', '/x?y#z'], ['http://127.0.0.1:8080/', '/'], ['http://site.test/labs', '/labs'], ['//site.test/x', '//site.test/x'],
])('a redirect to its own %s stays below its path', async (to, wanted) => {
  const { headers } = await previews.ask(`${base}/a/b?to=${encodeURIComponent(to)}`);
  expect(headers.location).toBe(wanted.startsWith('//') ? `${base}/x` : `${base}${wanted}`);
});

test('a redirect elsewhere goes there; what is no web address leads nowhere', async () => {
  const to = async (location: string) => (await previews.ask(`${base}/?to=${encodeURIComponent(location)}`)).headers.location;
  expect([await to('https://example.org/x'), await to('http://localhost:9999/'), await to(`http://site.test${base}/y`)]).toEqual(['https://example.org/x', 'http://localhost:9999/', `${base}/y`]);
  expect([await to('javascript:alert(1)'), await to('data:text/html,x'), await to('http://[')]).toEqual([undefined, undefined, undefined]);
});

test('no header of a server speaks for the site, and the browser asks for no password in its name', async () => {
  const theirs = {
    'clear-site-data': '"*"', 'strict-transport-security': 'max-age=9', 'service-worker-allowed': '/', 'alt-svc': 'h3=":443"', nel: '{}', 'report-to': '{}', 'reporting-endpoints': 'a="https://x"', 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true',
    'www-authenticate': 'Basic realm="Slipway"', 'accept-ch': 'DPR', 'critical-ch': 'DPR', 'origin-agent-cluster': '?1', 'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin', 'speculation-rules': '"/x"', 'use-as-dictionary': 'match="/*"', 'sec-session-registration': '(ES256)',
    'referrer-policy': 'unsafe-url', 'permissions-policy': 'camera=*', link: '</a.css>; rel=preload', refresh: '0; url=/next', 'x-own': 'kept', 'content-type': 'multipart/x-mixed-replace; boundary=x',
  };
  const { headers, text, status } = await previews.ask(`${base}/headers?${new URLSearchParams(theirs)}`);
  expect([status, text]).toEqual([200, 'x']);
  expect({ ...headers, date: '', 'content-security-policy': SANDBOX }).toEqual(expect.objectContaining({ 'x-own': 'kept', 'referrer-policy': 'no-referrer', link: `<${base}/a.css>; rel=preload`, refresh: `0; url=${base}/next`, 'content-type': 'application/octet-stream' }));
  expect(Object.keys(headers).toSorted()).toEqual(['connection', 'content-security-policy', 'content-type', 'date', 'link', 'permissions-policy', 'referrer-policy', 'refresh', 'transfer-encoding', 'x-own']);
});

test('its pages read their own answers, other origins do not', async () => {
  const cors = async (origin: string) => (await previews.ask(`${base}/`, { headers: { origin } })).headers['access-control-allow-origin'];
  expect([await cors('null'), await cors('https://evil.example'), await cors('http://site.test')]).toEqual(['null', undefined, undefined]);
  const preflight = await previews.ask(`${base}/api`, { method: 'OPTIONS', headers: { origin: 'null', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a, content-type' } });
  expect([preflight.status, preflight.headers['access-control-allow-methods'], preflight.headers['access-control-allow-headers']]).toEqual([204, 'PUT', 'x-a, content-type']);
  expect((await previews.ask(`${base}/`, { method: 'OPTIONS', headers: { origin: 'null' } })).text).toBe('app OPTIONS /'); // not a preflight: the server's own
});

test.each<Record<string, string>>([{ 'service-worker': 'script' }, { 'sec-fetch-dest': 'serviceworker' }, { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }])('is no script for pages or workers of the site: %j', async headers => {
  expect((await previews.ask(`${base}/sw.js`, { headers })).status).toBe(403);
});

test('links from the root are set right, packed or not, and a page gets the script that does it for scripts; a part of a page does not', async () => {
  const html = await previews.ask(`${base}/html`, { headers: page() });
  expect(html.text).toBe(`<script src="${base}/.slipway/fit.js"></script><script type="importmap">{"imports":{"/":"${base}/","${base}/":"${base}/"}}</script><a href="${base}/x">`);
  expect(html.headers['content-length']).toBeUndefined();
  expect((await previews.ask(`${base}/html`, { headers: { 'sec-fetch-dest': 'empty' } })).text).toBe(`<a href="${base}/x">`);
  expect((await previews.ask(`${base}/gzip`, { headers: { 'sec-fetch-dest': 'empty' } })).text).toBe(`<a href="${base}/packed">`);
  expect((await previews.ask(`${base}/html`, { method: 'HEAD' })).headers['content-length']).toBe('13');
});

test('streams, and lets go of the server when the browser has gone', async () => {
  const asked = previews.begin(`${base}/events`);
  expect(await new Promise(resolve => asked.on('response', answer => answer.once('data', (part: Buffer) => resolve(part.toString()))).end())).toBe('data: first\n\n');
  asked.on('error', () => {}).destroy();
  await expect.poll(() => previews.dialled.size).toBe(0);
});

test('the site is the site, and nothing has gone wrong unseen', async () => {
  for (const path of ['/previews/', '/preview', '/', '//preview/x/']) expect((await previews.ask(path)).text).toBe('the site');
  expect(previews.errors).toEqual([]);
});
