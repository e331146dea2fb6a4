// A published port in the browser: the chip, the learner's page on an origin of its own, and what that page must not be able to do.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect as check, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { root } from '../run-instance.ts';
import { expect, hasPrompt, newcomer, PATIENCE_MS, sees, siteUrl, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';
import { haveLearner } from './set-up.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
haveLearner(given => { ({ browser, context, page } = given); }, '/play');

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

test('an instructor opens it by its address on the site, which opens nothing for another learner; closed with all previews, it is closed for them, too', async () => {
  const tab = await open();
  const lab = /-([a-z0-9]+)\.localhost/.exec(tab.url())![1];
  await tab.close();
  const visitor = await newcomer(browser);
  await visitor.page.goto('/play');
  await hasPrompt(visitor.page);
  await visitor.page.goto(`/ports/${lab}/8080`);
  await expect(visitor.page.getByText('It is not a port of one of your labs')).toBeVisible();
  await expect(visitor.page.getByRole('button', { name: /Open port/ })).toHaveCount(0);
  const id = (await visitor.context.cookies()).find(({ name }) => name === 'slipway_learner')!.value.slice(0, 12);
  check(spawnSync(process.execPath, [join(root, 'dist/learner.js'), 'role', id, 'instructor']).status).toBe(0);
  await visitor.page.reload();
  await expect(visitor.page.getByText('You can open it because you are an instructor')).toBeVisible();
  await visitor.page.getByRole('button', { name: 'Open port 8080' }).click();
  await expect(visitor.page.getByRole('heading', { name: 'Ahoy' })).toBeVisible({ timeout: PATIENCE_MS });
  check((await visitor.context.cookies(visitor.page.url())).find(({ name }) => name === 'slipway_preview')!.expires).toBeLessThan(Date.now() / 1000 + 3700);

  await page.bringToFront();
  await page.getByRole('button', { name: 'Share port 8080 by a link…' }).click();
  await expect(page.getByRole('link', { name: `/ports/${lab}/8080` })).toBeVisible();
  await page.getByRole('button', { name: 'Close all previews' }).click();
  await expect(page.getByText('All previews of this lab are closed')).toBeVisible();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await visitor.page.reload();
  check(await visitor.page.textContent('body')).toContain('Only the owner of this lab can open its ports.');
  await visitor.context.close();
}, 120_000);

test('UDP is named and cannot be opened; many ports are a list that keys open and close', async () => {
  await typeLine(page, 'docker run -d --name many -p 5353:53/udp -p 9000-9019:9000-9019 busybox sleep 1000');
  const chips = page.getByTestId('ports');
  const more = chips.getByText('19 more ports');
  await expect(more).toBeVisible({ timeout: PATIENCE_MS });
  await more.focus();
  await page.keyboard.press('Enter');
  await expect(chips.getByRole('button', { name: /^Port 9019 / })).toBeVisible();
  await expect(chips.getByText('Port 5353, UDP')).toBeVisible();
  await expect(chips.getByRole('button', { name: /5353/ })).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(chips.getByRole('button', { name: /^Port 9019 / })).toBeHidden();
  await expect(more).toBeFocused();
  await expect(page.getByTestId('new-ports')).toHaveText(/ports can be opened now/);
  await typeLine(page, 'docker rm -f many');
  await expect(more).toHaveCount(0, { timeout: PATIENCE_MS });
}, 120_000);

test('with the container the chip goes, the tab says what is missing and finds it again; of a lab asleep it says so', async () => {
  const tab = await open();
  await typeLine(page, 'docker rm -f web');
  await sees(page, /^web$/m);
  await expect(page.getByTestId('ports')).toHaveCount(0, { timeout: PATIENCE_MS });
  await tab.reload();
  check(await tab.textContent('body')).toContain('Nothing listens on port 8080 of your lab yet.');
  await typeLine(page, 'docker run -d --init --name web -p 8080:80 -v /root/www:/www busybox httpd -f -h /www');
  await expect(tab.getByRole('heading', { name: 'Ahoy' })).toBeVisible({ timeout: PATIENCE_MS }); // it looks again by itself
  const engine = new RpcClient(engineSocket, controlVerbs);
  const lab = /-([a-z0-9]+)\.localhost/.exec(tab.url())![1]!;
  await engine.call('suspendLab', { lab });
  engine.close();
  await tab.reload();
  check(await tab.textContent('body')).toContain('This lab is asleep');
  await expect(tab.getByRole('link', { name: 'Open it from Slipway' })).toHaveAttribute('href', `${siteUrl()}/ports/${lab}/8080`);
}, 120_000);
