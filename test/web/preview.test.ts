// A published port in the browser: the chip, the learner's page on an origin of its own, and what that page must not be able to do.
import { afterAll, beforeAll, expect as check, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { expect, hasPrompt, leave, newcomer, openBrowser, PATIENCE_MS, sees, siteUrl, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  browser = await openBrowser();
  ({ context, page } = await newcomer(browser));
  await page.goto('/play');
  await hasPrompt(page);
});
afterAll(async () => {
  await leave(context);
  await browser.close();
});

const chip = () => page.getByTestId('ports').getByRole('button', { name: /Port 8080/ });
async function open(): Promise<Page> {
  const [tab] = await Promise.all([context.waitForEvent('page'), chip().click()]);
  await tab.waitForURL(/\/\/8080-[a-z0-9]+\.localhost:\d+\/$/, { timeout: PATIENCE_MS });
  return tab;
}

test('a published port appears by itself, opens in a tab, and goes with its container', async () => {
  await typeLine(page, 'mkdir -p /root/www; echo "<h1>Ahoy</h1>" > /root/www/index.html; docker run -d --name web -p 8080:80 -v /root/www:/www busybox httpd -f -h /www');
  await expect(chip()).toBeVisible({ timeout: PATIENCE_MS });
  const tab = await open();
  await expect(tab.getByRole('heading', { name: 'Ahoy' })).toBeVisible();
  check(await tab.evaluate(() => window.opener)).toBeNull();
  const engine = new RpcClient(engineSocket, controlVerbs);
  const [lab] = await engine.call('listLabs', {});
  check(await engine.call('freezeLab', { lab: lab!.id })).toEqual({ frozen: true });
  await tab.reload(); // a lab that stands still moves for who looks at its port
  await expect(tab.getByRole('heading', { name: 'Ahoy' })).toBeVisible();
  engine.close();
  await tab.close();
}, 120_000);

test('the page sees no cookie of the site, and cannot act as the learner', async () => {
  const tab = await open();
  check((await context.cookies(siteUrl())).map(c => c.name)).toContain('slipway_learner');
  check(await tab.evaluate(() => document.cookie)).toBe('');
  const site = `http://localhost:${new URL(siteUrl()).port}`;
  const tried = await tab.evaluate(async base => {
    document.cookie = 'slipway_learner=forged; domain=localhost; path=/';
    const read = await fetch(`${base}/`, { credentials: 'include' }).then(r => r.text(), () => 'refused');
    const own = await fetch('/ws/?EIO=4&transport=polling', { credentials: 'include' }).then(r => r.status);
    const polled = await fetch(`${base}/ws/?EIO=4&transport=polling`, { credentials: 'include' }).then(r => r.status, () => 'refused');
    const socket = await new Promise(resolve => {
      const ws = new WebSocket(`${base.replace('http', 'ws')}/ws/?EIO=4&transport=websocket`);
      ws.addEventListener('open', () => resolve('open'));
      ws.addEventListener('error', () => resolve('refused'));
    });
    const frame = document.createElement('iframe');
    frame.src = `${base}/`;
    document.body.append(frame);
    await new Promise(resolve => { frame.addEventListener('load', resolve); setTimeout(resolve, 5000); });
    let framed = 'refused';
    try { framed = frame.contentDocument ? 'blank' : 'refused'; } catch { framed = 'refused'; }
    return { read, own, polled, socket, framed };
  }, site);
  check(tried).toEqual({ read: 'refused', own: 404, polled: 'refused', socket: 'refused', framed: 'refused' });
  check((await context.cookies(site)).find(c => c.name === 'slipway_learner')?.value).not.toBe('forged');
  await tab.close();
}, 120_000);

test('another learner cannot open it, nor use the link again', async () => {
  const tab = await open();
  const url = tab.url();
  const stranger = await newcomer(browser);
  await stranger.page.goto(url);
  check(await stranger.page.textContent('body')).toContain('Only the owner of this lab can open its ports.');
  await stranger.context.close();
  await tab.close();
}, 120_000);

test('with the container the chip goes, and the tab says what is missing', async () => {
  const tab = await open();
  await typeLine(page, 'docker rm -f web');
  await sees(page, /^web$/m);
  await expect(page.getByTestId('ports')).toHaveCount(0, { timeout: PATIENCE_MS });
  await tab.reload();
  check(await tab.textContent('body')).toContain('Nothing listens on port 8080 of your lab yet.');
}, 120_000);
