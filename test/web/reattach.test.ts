// An open page loses its server, its network, or its learner, who goes on at another device: the screen is there again as it was, and what was written
// meanwhile stands on it without a gap.
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect as check, test } from 'vitest';
import { crash } from '../run-instance.ts';
import { expect, hasPrompt, leave, newcomer, pictured, screen, sees, siteUrl, terminal, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';
import { haveBrowser } from './set-up.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let way: Way;

/** The network between the browser and the site. */
interface Way { url: string; cut(): void; mend(): void; close(): Promise<void> }

async function openWay(): Promise<Way> {
  const to = Number(new URL(siteUrl()).port);
  const open = new Set<Socket>();
  let broken = false;
  const server: Server = createServer(client => {
    if (broken) return void client.destroy();
    const site = createConnection(to, '127.0.0.1');
    for (const [a, b] of [[client, site], [site, client]] as const) {
      open.add(a);
      a.on('error', () => b.destroy()).on('close', () => { open.delete(a); b.destroy(); });
      a.pipe(b);
    }
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as { port: number }).port}`,
    cut() {
      broken = true;
      for (const socket of open) socket.destroy();
    },
    mend() { broken = false; },
    close: () => new Promise(resolve => { for (const socket of open) socket.destroy(); server.close(() => resolve()); }),
  };
}

haveBrowser(given => { browser = given; });
beforeEach(async () => {
  way = await openWay();
  ({ context, page } = await newcomer(browser, { baseURL: way.url }));
  await page.goto('/play');
  await hasPrompt(page);
});
afterEach(async () => {
  await leave(context);
  await way.close();
});

const walk = (name: string, work: () => Promise<void>) => test(name, () => pictured(page, name.replaceAll(/\W+/g, '-').slice(0, 60), work));
const isLive = async (one: Page) => {
  await expect(one.getByTestId('status')).toContainText(/^Connected/, { timeout: 60_000 });
  await expect(terminal(one)).toHaveAttribute('data-live', 'true', { timeout: 60_000 });
};
const numbers = async (one: Page) => [...(await screen(one)).matchAll(/^line (\d+)$/gm)].map(match => Number(match[1]));
async function countsWithoutGap(one: Page, from: number): Promise<number> {
  await expect.poll(async () => (await numbers(one)).at(-1) ?? 0, { timeout: 30_000 }).toBeGreaterThan(from);
  const shown = await numbers(one);
  check(shown).toEqual(shown.map((_, n) => shown[0]! + n));
  check(shown.length).toBeGreaterThan(10);
  return shown.at(-1)!;
}
const count = () => typeLine(page, 'i=0; while :; do echo line $i; i=$((i+1)); sleep 0.05; done');

walk('the server is killed under a full-screen program and under one that writes', async () => {
  await typeLine(page, 'vi /etc/passwd');
  await sees(page, /^root:x:0:0/m);
  const before = await screen(page);
  await crash('web');
  await isLive(page);
  await expect.poll(() => screen(page), { timeout: 30_000 }).toBe(before);
  await page.keyboard.type(':q!\n');
  await hasPrompt(page);
  await count();
  const last = await countsWithoutGap(page, 20);
  await crash('web');
  await isLive(page);
  await countsWithoutGap(page, last + 5);
});

walk('a laptop that slept', async () => {
  await count();
  const last = await countsWithoutGap(page, 20);
  const devtools = await context.newCDPSession(page);
  await context.setOffline(true);
  way.cut();
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await new Promise(resolve => setTimeout(resolve, 3_000)); // how long it sleeps
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await expect(page.getByTestId('status')).not.toContainText(/^Connected/, { timeout: 30_000 });
  way.mend();
  await context.setOffline(false);
  await isLive(page);
  await countsWithoutGap(page, last + 40); // it went on meanwhile
  await page.keyboard.press('Control+c');
  await hasPrompt(page);
});

walk('another device goes on where the first one stood', async () => {
  await typeLine(page, 'X=kept; echo one; echo two');
  await sees(page, /^two$/m);
  const before = await screen(page);
  const other = await newcomer(browser, { baseURL: way.url });
  await other.context.addCookies(await context.cookies());
  await context.setOffline(true);
  await other.page.goto('/play');
  await isLive(other.page);
  await expect.poll(() => screen(other.page), { timeout: 30_000 }).toBe(before);
  await typeLine(other.page, 'echo $X');
  await sees(other.page, /^kept$/m);
  await context.setOffline(false);
  await isLive(page);
  await sees(page, /^kept$/m);
  await other.context.close();
});
