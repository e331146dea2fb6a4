// Ports that the lab itself listens on, published by nobody: their chips, opening them in a tab or beside the terminal, and sharing
// them by a link.
import { expect as check, test } from 'vitest';
import { expect, hasPrompt, newcomer, PATIENCE_MS, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';
import { haveLearner } from './set-up.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
haveLearner(given => { ({ browser, context, page } = given); }, '/play');

const patient = { timeout: PATIENCE_MS };
const chip = (port: number) => page.getByTestId('ports').getByRole('button', { name: new RegExp(`^Port ${port} `) });
/** A web server of one line. */
const server = (address: string, port: number) => `perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(LocalAddr => "${address}", LocalPort => ${port}, Listen => 5, ReuseAddr => 1); while (my $c = $s->accept) { while (<$c>) { last if /^\\r?$/ } print $c "HTTP/1.0 200 OK\\r\\nContent-Type: text/html\\r\\n\\r\\n<h1>By hand</h1>"; close $c }'`;

test('a program of the shell gets a chip as soon as it listens, opens in a tab, and loses the chip when it ends', async () => {
  await expect(page.getByTestId('ports')).toHaveCount(0);
  await typeLine(page, server('127.0.0.1', 8765));
  await expect(chip(8765)).toBeVisible(patient);
  const [tab] = await Promise.all([context.waitForEvent('page'), chip(8765).click()]);
  await tab.waitForURL(/\/\/8765-[a-z0-9]+\.localhost:\d+\/$/, patient);
  await expect(tab.getByRole('heading', { name: 'By hand' })).toBeVisible();
  await tab.close();
  await page.bringToFront();
  await page.locator('[data-testid=terminal]:visible textarea').focus();
  await page.keyboard.press('Control+c');
  await expect(page.getByTestId('ports')).toHaveCount(0, patient);
}, 120_000);

test('so does a container in the lab’s own network; a name server of a network and what listens on one address alone do not', async () => {
  await typeLine(page, `docker network create mine; docker run -d --name named --network mine busybox sleep 1000; (${server('127.0.0.9', 8767)}) & docker run -d --name web --network host busybox httpd -f -p 8766 -h /etc`);
  await expect(chip(8766)).toBeVisible(patient);
  check(await page.getByTestId('ports').getByRole('listitem').count()).toBe(1);
  await typeLine(page, 'docker rm -f web');
  await expect(page.getByTestId('ports')).toHaveCount(0, patient);
  await typeLine(page, `docker run -d --name web --network host busybox sh -c 'mkdir /w; echo "<h1>Six</h1>" > /w/index.html; exec httpd -f -p [::1]:8768 -h /w'`);
  await expect(chip(8768)).toBeVisible(patient);
  const [tab] = await Promise.all([context.waitForEvent('page'), chip(8768).click()]);
  await expect(tab.getByRole('heading', { name: 'Six' })).toBeVisible(patient);
  await tab.close();
  await page.bringToFront();
  await typeLine(page, 'docker rm -f web');
  await expect(page.getByTestId('ports')).toHaveCount(0, patient);
}, 120_000);

test('a port is shown beside the terminal, where its page reaches neither the site nor its address; one that forbids frames says so', async () => {
  await typeLine(page, 'docker run -d --name framed -p 8772:80 busybox sh -c "mkdir /w; echo \'<h1>Framed</h1>\' > /w/index.html; httpd -f -h /w"');
  await expect(page.getByRole('button', { name: 'Show port 8772 beside the terminal' })).toBeVisible(patient);
  await page.getByRole('button', { name: 'Show port 8772 beside the terminal' }).click();
  const pane = page.getByTestId('port-pane');
  await expect(pane.frameLocator('iframe').getByRole('heading', { name: 'Framed' })).toBeVisible(patient);
  const frame = page.frames().find(one => one.url().includes('8772-'))!;
  check(await frame.evaluate(() => {
    const tried = (work: () => unknown) => { try { work(); return 'done'; } catch { return 'refused'; } };
    return [document.cookie, tried(() => (top as unknown as { document: Document }).document.title), tried(() => { top!.location.href = 'about:blank'; })];
  })).toEqual(['', 'refused', 'refused']);
  await frame.evaluate(site => { const link = document.createElement('iframe'); link.src = site; document.body.append(link); location.href = site; }, `http://localhost:${new URL(page.url()).port}/`).catch(() => undefined);
  await expect.poll(() => page.frames().find(one => one.parentFrame() === page.mainFrame())?.url(), patient).toMatch('chrome-error:'); // the policy of both pages
  check(new URL(page.url()).pathname).toBe('/play');
  await page.getByRole('button', { name: 'Load again' }).click();
  await expect(pane.frameLocator('iframe').getByRole('heading', { name: 'Framed' })).toBeVisible(patient);
  await page.getByRole('button', { name: 'Close the pane' }).click();
  await expect(pane).toHaveCount(0);
  await typeLine(page, server('127.0.0.1', 8773).replace('Content-Type: text/html', 'X-Frame-Options: DENY'));
  await page.getByRole('button', { name: 'Show port 8773 beside the terminal' }).click(patient);
  await expect(pane.frameLocator('iframe').getByText('does not allow its page to be shown inside another one')).toBeVisible(patient);
  await page.getByRole('button', { name: 'Close the pane' }).click();
  await page.keyboard.press('Control+c');
}, 120_000);

test('a shared link opens that port for a stranger, and no other; revoked, or after a reset, it does not', async () => {
  await typeLine(page, 'docker run -d --name one -p 8770:80 busybox sh -c "mkdir /w; echo Shared > /w/index.html; httpd -f -h /w"; docker run -d --name two -p 8771:80 busybox httpd -f -h /etc');
  await expect(chip(8771)).toBeVisible(patient);
  const url = await share(8770);
  const stranger = await newcomer(browser);
  const says = async (text: string, at: string) => { await stranger.page.goto(at); check(await stranger.page.textContent('body')).toContain(text); };
  await says('Shared', url);
  const [origin] = [new URL(stranger.page.url()).origin];
  check(await stranger.page.evaluate(() => document.cookie)).toBe('');
  await says('Only the owner of this lab can open its ports.', origin.replace('8770', '8771'));
  await says('This shared link has ended', url.replace('8770', '8771'));
  await page.getByRole('list', { name: 'Links to this port' }).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('The link is not good any more.')).toBeVisible();
  await says('This shared link has ended', origin);
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await says('Shared', await share(8770));
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await page.getByRole('button', { name: 'Reset lab' }).click();
  await page.getByRole('button', { name: 'Reset the lab' }).click();
  await expect(page.getByTestId('ports')).toHaveCount(0, patient);
  await hasPrompt(page);
  await says('This shared link has ended', origin);
  await stranger.context.close();
}, 120_000);

async function share(port: number): Promise<string> {
  await page.getByRole('button', { name: `Share port ${port} by a link…` }).click();
  await page.getByRole('radio', { name: '2 hours' }).check();
  await page.getByRole('button', { name: 'Make a link' }).click();
  return page.getByTestId('share-url').inputValue();
}
