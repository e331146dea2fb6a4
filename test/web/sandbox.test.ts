// Ports on the site's own origin, where there is no domain for them: what a page there must not be able to do, tried by a page of a lab in a real browser; and what
// works there, with a server that does a bit of everything.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect as check, test } from 'vitest';
import { startPreviews, type Previewed } from '../../server/testing/preview.ts';
import { elsewhereUrl, expect, hasPrompt, leave, newcomer, PATIENCE_MS, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';
import { haveBrowser } from './set-up.ts';

const patient = { timeout: PATIENCE_MS };
let browser: Browser;
haveBrowser(given => { browser = given; });

// oxlint-disable-next-line no-template-curly-in-string -- shell
const SERVER = `mkdir -p /w/cgi-bin; cd /w; echo '<h1>Ahoy</h1><form method=post action=/cgi-bin/x><input name=a></form>' > index.html; echo 'self.x = 1' > sw.js; printf '#!/bin/sh\\necho "Set-Cookie: own=1"; echo "Content-Type: text/plain"; echo; echo "cookie=$HTTP_COOKIE"' > cgi-bin/x; chmod +x cgi-bin/x; exec httpd -f -h /w`;

describe('a page of a lab on the site’s origin', () => {
  let context: BrowserContext;
  let page: Page;
  let tab: Page;
  beforeAll(async () => {
    ({ context, page } = await newcomer(browser, { baseURL: elsewhereUrl() }));
    await page.goto('/play');
    await hasPrompt(page);
    await typeLine(page, `docker run -d --name web -p 8080:80 busybox sh -c '${SERVER.replaceAll("'", `'\\''`)}'`);
    const chip = page.getByTestId('ports').getByRole('button', { name: /Port 8080/ });
    await expect(chip).toBeVisible(patient);
    [tab] = await Promise.all([context.waitForEvent('page'), chip.click()]);
    await tab.waitForURL(/lab\.test:\d+\/preview\/8080-/, patient);
    await expect(tab.getByRole('heading', { name: 'Ahoy' })).toBeVisible(patient);
  });
  afterAll(() => leave(context));

  test('has no origin: no cookie, no storage, no worker, no opener, no way to the site’s page that opened it', async () => {
    check((await context.cookies(elsewhereUrl())).map(({ name }) => name)).toContain('slipway_learner');
    check(await tab.evaluate(async () => {
      const tried = async (work: () => unknown) => { try { return String(await work()); } catch (error) { return (error as Error).name; } };
      const real = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')!.get!;
      return {
        origin: self.origin, opener: String(window.opener), cookie: await tried(() => real.call(document)), set: await tried(() => { Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')!.set!.call(document, 'slipway_learner=forged'); }),
        storage: await tried(() => Object.getOwnPropertyDescriptor(Window.prototype, 'localStorage') ?? (Object.getOwnPropertyDescriptor(window, 'localStorage')?.get ? 'real' : 'of the page')),
        indexed: await tried(() => new Promise((resolve, reject) => { const asked = indexedDB.open('x'); asked.addEventListener('success', () => resolve('open')); asked.addEventListener('error', () => reject(asked.error as Error)); })),
        worker: await tried(() => navigator.serviceWorker?.register('sw.js').then(() => 'registered') ?? 'none'),
      };
    })).toEqual({ origin: 'null', opener: 'null', cookie: 'SecurityError', set: 'SecurityError', storage: 'of the page', indexed: 'SecurityError', worker: 'none' });
  });

  test('cannot act as the learner: what it asks of the site is refused, and nobody’s cookie goes along', async () => {
    const learner = (await context.cookies(elsewhereUrl())).find(({ name }) => name === 'slipway_learner')!.value;
    const asked: { url: string; cookie: string | undefined }[] = [];
    context.on('request', request => void request.allHeaders().then(headers => asked.push({ url: request.url(), cookie: headers.cookie }), () => undefined));
    const answers = await tab.evaluate(async site => {
      const read = (url: string, init: RequestInit) => fetch(new Request(url, init)).then(answer => answer.text().then(text => `${answer.type} ${answer.status} ${text.slice(0, 40)}`), () => 'refused');
      const json = { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json' }, body: '{}' } as const;
      const socket = await new Promise(resolve => {
        const ws = new WebSocket(`${site.replace('http', 'ws')}ws/?EIO=4&transport=websocket`);
        ws.addEventListener('open', () => resolve('open'));
        ws.addEventListener('error', () => resolve('refused'));
      });
      const plain = await Promise.all(['api/resume/make', 'api/labs/remove', 'api/ports/open'].map(path => read(`${site}${path}`, json)));
      const simple = await read(`${site}api/resume/make`, { method: 'POST', credentials: 'include', mode: 'no-cors', body: '{}' });
      const polled = await read(`${site}ws/?EIO=4&transport=polling`, { credentials: 'include' });
      const pages = await Promise.all(['', 'labs', 'play'].map(path => read(`${site}${path}`, { credentials: 'include' })));
      return { socket, plain, simple, polled, pages };
    }, `${new URL(elsewhereUrl()).origin}/`);
    // Every one of these was led below the page's own path, to its own server, or refused.
    check(answers.plain.every(text => text.includes('501 Not Implemented')) && [answers.polled, ...answers.pages.slice(1)].every(text => text.includes('404 Not Found'))).toBe(true);
    check(answers.socket).toBe('refused');

    // Around everything that the page was given: the browser's own functions, of a frame that the script never saw.
    const raw = await tab.evaluate(async site => {
      const frame = document.body.appendChild(document.createElement('iframe'));
      const untouched = await new Promise<string>(resolve => {
        addEventListener('message', event => resolve(String(event.data)), { once: true });
        frame.srcdoc = `<script>
          const ask = (path, init) => fetch('${site}' + path, init).then(a => a.type + a.status, () => 'refused');
          const open = () => new Promise(r => { const w = new WebSocket('${site.replace('http', 'ws')}ws/?EIO=4&transport=websocket'); w.onopen = () => r('open'); w.onerror = () => r('refused'); });
          Promise.all([ask('', { credentials: 'include' }), ask('api/resume/make', { method: 'POST', credentials: 'include', headers: { 'content-type': 'application/json' }, body: '{}' }), ask('ws/?EIO=4&transport=polling', { credentials: 'include' }), open()]).then(all => parent.postMessage(all.join(), '*'));
        </script>`;
      });
      frame.remove();
      return untouched;
    }, `${new URL(elsewhereUrl()).origin}/`);
    check(raw).toBe('refused,refused,refused,refused');
    const site = new URL(elsewhereUrl()).host;
    await expect.poll(() => asked.filter(({ url }) => new URL(url).host === site && !url.includes('/preview/')).length).toBeGreaterThan(0);
    check(asked.filter(({ cookie }) => cookie?.includes(learner))).toEqual([]);
    check((await context.cookies(elsewhereUrl())).find(({ name }) => name === 'slipway_learner')!.value).toBe(learner); // nor was another one set
  });

  test('neither a form, nor a frame, nor a window, nor a message of it reaches the learner’s pages', async () => {
    const before = page.url();
    const said: string[] = [];
    page.on('pageerror', error => said.push(error.message));
    // A form to the site: it arrives without a cookie and from nowhere.
    const form = await context.newPage();
    await form.goto(tab.url());
    const [posted] = await Promise.all([form.waitForResponse(response => response.url().endsWith('/api/resume/make')), form.evaluate(site => {
      const made = document.body.appendChild(document.createElement('form'));
      made.method = 'post';
      made.enctype = 'text/plain';
      Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, 'action')!.set!.call(made, 'x');
      made.attributes.getNamedItem('action')!.value = `${site}/api/resume/make`;
      made.innerHTML = '<input name=\'{"place":"/play","x":"\' value=\'"}\'>';
      HTMLFormElement.prototype.submit.call(made);
    }, new URL(elsewhereUrl()).origin)]);
    check([posted.status(), (await posted.request().allHeaders()).origin, (await posted.request().allHeaders()).cookie]).toEqual([403, 'null', undefined]);
    await form.close();
    // A frame of the site stays empty, whatever <base> says; a window of the site is in the same sandbox.
    check(await tab.evaluate(async site => {
      document.head.insertAdjacentHTML('beforeend', `<base href="${site}/">`);
      const frame = document.createElement('iframe');
      frame.srcdoc = `<iframe src="${site}/play"></iframe>`;
      document.body.append(frame);
      await new Promise(resolve => { frame.addEventListener('load', resolve); });
      const inner = (frame.contentWindow as Window)[0] as Window | undefined;
      const read = (work: () => unknown) => { try { return String(work()); } catch { return 'refused'; } };
      const answer = [read(() => inner?.document.title), read(() => inner?.location.href)];
      frame.remove();
      document.querySelector('base')!.remove();
      return answer;
    }, new URL(elsewhereUrl()).origin)).toEqual(['refused', 'refused']);
    const [popup] = await Promise.all([context.waitForEvent('page'), tab.evaluate(site => {
      const link = document.createElement('a');
      link.target = 'popup';
      link.setAttributeNS(null, 'href', `${site}/labs`);
      document.body.append(link);
      const event = new MouseEvent('click', { bubbles: false });
      link.dispatchEvent(event);
    }, new URL(elsewhereUrl()).origin)]);
    await popup.waitForLoadState();
    check(await popup.evaluate(() => self.origin)).toBe('null');
    await popup.close();
    check([page.url(), said]).toEqual([before, []]);
  });

  test('its cookies stay with the server; its address opens nothing for another learner', async () => {
    const [base] = [tab.url()];
    for (const expected of ['cookie=\n', 'cookie=own=1\n']) {
      await tab.goto(`${base}cgi-bin/x`);
      check(await tab.evaluate(() => document.body.textContent)).toBe(expected);
    }
    check((await context.cookies(elsewhereUrl())).map(({ name }) => name)).not.toContain('own');
    await tab.goto(base);
    await expect(tab.getByRole('heading', { name: 'Ahoy' })).toBeVisible();
    const stranger = await newcomer(browser, { baseURL: elsewhereUrl() });
    await stranger.page.goto('/');
    for (const address of [base, `${base}cgi-bin/x`]) {
      await stranger.page.goto(address);
      check(await stranger.page.textContent('body')).toContain('Only the owner of this lab can open its ports.');
    }
    await stranger.page.getByRole('link', { name: 'Open it from Slipway' }).click();
    await stranger.context.close();
  });

  test('beside the terminal it is in the same sandbox, says what breaks, and cannot lead the page away', async () => {
    await page.bringToFront();
    await page.getByRole('button', { name: 'Show port 8080 beside the terminal' }).click();
    const pane = page.getByTestId('port-pane');
    await expect(pane.frameLocator('iframe').getByRole('heading', { name: 'Ahoy' })).toBeVisible(patient);
    await pane.getByText('Some pages break here: why').click();
    await expect(pane.getByText('Service workers')).toBeVisible();
    await expect(pane.getByText('You and the instructors of this Slipway can open this')).toBeVisible();
    const frame = page.frames().find(one => one.url().includes('/preview/'))!;
    check(await frame.evaluate(() => {
      const tried = (work: () => unknown) => { try { work(); return 'done'; } catch { return 'refused'; } };
      return [self.origin, tried(() => (parent as unknown as Window).document.title), tried(() => { top!.location.href = 'about:blank'; })];
    })).toEqual(['null', 'refused', 'refused']);
    await frame.evaluate(site => { location.href = `${site}/play`; }, new URL(elsewhereUrl()).origin).catch(() => undefined);
    await expect.poll(() => page.frames().find(one => one.parentFrame() === page.mainFrame())?.url(), patient).toMatch('chrome-error:');
    check(new URL(page.url()).pathname).toBe('/play');
    await page.getByRole('button', { name: 'Close the pane' }).click();
  });

  test('closed with all previews, it opens no more until its port is clicked again', async () => {
    await page.bringToFront();
    await page.getByRole('button', { name: 'Share port 8080 by a link…' }).click();
    await page.getByRole('button', { name: 'Close all previews' }).click();
    await expect(page.getByText('All previews of this lab are closed')).toBeVisible();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await tab.reload();
    check(await tab.textContent('body')).toContain('This link has been used or is too old.');
  });
});

describe('what works in the sandbox', () => {
  const PORT = 3000;
  let previews: Previewed;
  let context: BrowserContext;
  let page: Page;
  const errors: string[] = [];
  beforeAll(async () => {
    const app = createServer((request, response) => {
      const type = (text: string) => response.setHeader('content-type', text);
      const path = request.url!.split('?', 1)[0];
      if (path === '/') { type('text/html; charset=utf-8'); response.setHeader('set-cookie', 'session=s1; HttpOnly; Path=/'); return void response.end(PAGE); }
      if (path === '/style.css') { type('text/css'); return void response.end('@import "/more.css"; h1 { color: rgb(1, 2, 3) }'); }
      if (path === '/more.css') { type('text/css'); return void response.end('h1 { width: 123px }'); }
      if (path === '/main.js') { type('text/javascript'); return void response.end('import { word } from "/word.js"; document.body.dataset.module = word + (await import("/late.js")).word;'); }
      if (path === '/word.js' || path === '/late.js') { type('text/javascript'); return void response.end(`export const word = "${path}";`); }
      if (path === '/events') { type('text/event-stream'); response.flushHeaders(); return void response.write('data: first\n\n'); }
      if (path === '/login') return void response.writeHead(303, { location: '/welcome' }).end();
      if (path === '/welcome') { type('text/html'); return void response.end(`<p id=who>${request.headers.cookie ?? ''}</p>`); }
      const body: Buffer[] = [];
      request.on('data', (part: Buffer) => body.push(part)).on('end', () => { type('application/json'); response.end(JSON.stringify({ path, method: request.method, cookie: request.headers.cookie, origin: request.headers.origin, host: request.headers.host, body: Buffer.concat(body).toString() })); });
    });
    app.on('upgrade', (request, socket) => {
      const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: chat\r\n\r\n`);
      const text = Buffer.from(`hello from ${request.url} ${request.headers.origin}`);
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
      socket.on('error', () => socket.destroy());
    });
    previews = await startPreviews({ [PORT]: app });
    ({ context, page } = await newcomer(browser));
    const [name = '', value = ''] = previews.cookie.split('=');
    const origin = `http://lab.test:${previews.sitePort}`;
    await context.addCookies([{ name, value, url: origin, httpOnly: true, sameSite: 'Lax' }]);
    page.on('pageerror', error => errors.push(error.message));
    await page.goto(`${origin}${previews.base(PORT)}/`);
  });
  afterAll(async () => {
    await context.close();
    await previews.release();
  });

  test('a page from the root: styles and what they import, pictures, modules and what they import', async () => {
    await expect(page.locator('body')).toHaveAttribute('data-module', '/word.js/late.js', patient);
    check(await page.evaluate(() => { const style = getComputedStyle(document.querySelector('h1')!); return [style.color, style.width]; })).toEqual(['rgb(1, 2, 3)', '123px']);
    check(errors).toEqual([]);
  });

  test('fetch with a body, XMLHttpRequest, server-sent events, a WebSocket with its protocol, cookies of the server', async () => {
    const results = await page.evaluate(async () => {
      const posted = await fetch('/api/items', { method: 'POST', headers: { 'content-type': 'application/json', 'x-own': '1' }, body: '{"a":1}' }).then(answer => answer.json() as Promise<object>);
      const asked = await new Promise(resolve => { const xhr = new XMLHttpRequest(); xhr.open('PUT', '/api/xhr'); xhr.withCredentials = true; xhr.addEventListener('load', () => resolve((JSON.parse(xhr.responseText) as { path: string }).path)); xhr.send('x'); });
      const event = await new Promise(resolve => { const source = new EventSource('/events'); source.addEventListener('message', ({ data }) => { resolve(data); source.close(); }); });
      const socket = await new Promise(resolve => { const ws = new WebSocket(`ws://${location.host}/live`, 'chat'); ws.addEventListener('message', ({ data }) => { resolve(`${ws.protocol} ${data}`); ws.close(); }); });
      return { posted, asked, event, socket };
    });
    check(results).toEqual({
      posted: { path: '/api/items', method: 'POST', cookie: 'session=s1', origin: 'http://localhost:3000', host: 'localhost:3000', body: '{"a":1}' },
      asked: '/api/xhr', event: 'first', socket: 'chat hello from /live http://localhost:3000',
    });
  });

  test('storage and cookies of scripts do not throw, links that scripts put in lead to the right place', async () => {
    check(await page.evaluate(() => {
      localStorage.setItem('a', '1');
      document.cookie = 'theme=dark; path=/';
      history.pushState({}, '', '/somewhere');
      const image = new Image();
      image.src = '/picture.png';
      const link = document.createElement('a');
      link.setAttribute('href', '/linked');
      return [localStorage.getItem('a'), localStorage.length, document.cookie, [image.src, link.href, location.pathname].map(one => one.includes('/preview/'))];
    })).toEqual(['1', 1, 'theme=dark', [true, true, true]]);
  });

  test('a form, a redirect and a link', async () => {
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.locator('#who')).toHaveText('session=s1', patient);
    check(new URL(page.url()).pathname).toMatch(/\/preview\/.*\/welcome$/);
  });
});

const PAGE = `<!doctype html><title>App</title><link rel="stylesheet" href="/style.css"><script type="module" src="/main.js"></script><h1>App</h1><form method="post" action="/login"><button>Sign in</button></form>`;
