// A learner's first minutes, in a real browser against the whole of Slipway.
import { afterEach, beforeEach, test } from 'vitest';
import { expect, hasPrompt, isDone, leave, newcomer, pictured, screen, sees, shoot, startLesson, terminal, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';
import { haveBrowser } from './set-up.ts';
import { crash } from '../run-instance.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
let errors: string[];

haveBrowser(given => { browser = given; });
beforeEach(async () => { ({ context, page, errors } = await newcomer(browser)); });
afterEach(() => leave(context));

const walk = (name: string, work: () => Promise<void>) => test(name, () => pictured(page, name.replaceAll(/\W+/g, '-').slice(0, 60), work));

walk('one button, one click, a tick; typing works, and all is still there after a reload', async () => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.getByTestId('start').click();
  await hasPrompt(page);
  await expect(terminal(page).locator('textarea')).toBeFocused();

  await page.getByTestId('run').first().click();
  await sees(page, 'docker run hello-world');
  await isDone(page, 'hello');
  await shoot(page, 'hello');

  await typeLine(page, 'echo the answer is $((6*7))');
  await sees(page, 'the answer is 42');

  // What programs write is text: it reaches neither the clipboard nor the page, and links that are no web addresses lead nowhere.
  await page.evaluate(() => { Object.assign(window, { taken: [] as string[] }); navigator.clipboard.writeText = async text => { (window as unknown as { taken: string[] }).taken.push(text); }; });
  await typeLine(page, String.raw`printf '\033]52;c;ZXZpbA==\007\033]8;;javascript:taken.push(1)\007a-lin''k\033]8;;\007 \033]0;<img src=x onerror=taken.push(2)>\007<img src=x onerror=taken.push(3)> over\n'`);
  await sees(page, 'a-link <img src=x onerror=taken.push(3)> over');
  await terminal(page).getByText('a-link', { exact: false }).last().click({ force: true }); // the terminal takes it
  expect(await page.evaluate(() => (window as unknown as { taken: string[] }).taken)).toEqual([]);

  await page.reload();
  await hasPrompt(page);
  await sees(page, 'the answer is 42');
  await isDone(page, 'hello');
  await typeLine(page, 'docker ps -a');
  await sees(page, /hello-world.*Exited \(0\)/);
  expect(errors).toEqual([]);
});

walk("the first error is Docker's, and is explained beside the terminal", async () => {
  await startLesson(page);
  await typeLine(page, 'docker run hello-world');
  await isDone(page, 'hello');
  await typeLine(page, 'docker run -d --name web nginx:1.22');
  await isDone(page, 'web');
  await typeLine(page, 'clear; docker rm web');
  await expect.poll(async () => (await screen(page)).replaceAll('\n', ' '), { timeout: 20_000 }).toContain('cannot remove container "/web": container is running: stop the container before removing or force remove');
  await isDone(page, 'refused');
  await expect(page.locator('.explain')).toBeVisible();
  await expect(page.locator('.explain')).toContainText('running');
  await shoot(page, 'first-error');
});

walk('a task says what is wrong with an attempt, and what to do', async () => {
  await startLesson(page);
  const task = page.locator('[data-task="hello"]');
  await expect(task).toHaveAttribute('data-state', 'open');
  await typeLine(page, 'docker pull hello-world');
  await expect(task).toHaveAttribute('data-state', 'tried', { timeout: 20_000 });
  await expect(task).toContainText('no container has been made from it');
});

walk('the same learner sees the same terminal in another tab, live', async () => {
  await startLesson(page);
  const other = await context.newPage();
  await other.goto(page.url());
  await hasPrompt(other);
  await page.bringToFront();
  await typeLine(page, 'echo seen-$((1+1))-times');
  await sees(other, 'seen-2-times');
});

walk('a double click on a command runs it once', async () => {
  await startLesson(page);
  await page.getByTestId('run').first().dblclick();
  await isDone(page, 'hello');
  await typeLine(page, 'clear; docker ps -aq | wc -l');
  await sees(page, /^1$/m);
});

walk('the whole way works by keyboard alone', async () => {
  await page.goto('/');
  const start = page.getByTestId('start');
  for (let i = 0; i < 30 && !(await start.evaluate(element => element === document.activeElement)); i++) await page.keyboard.press('Tab');
  await expect(start).toBeFocused();
  await page.keyboard.press('Enter');
  await hasPrompt(page);
  await page.keyboard.press('F6'); // out of the terminal, which takes the Tab key
  await expect(terminal(page).locator('textarea')).not.toBeFocused();
  const run = page.getByTestId('run').first();
  for (let i = 0; i < 60 && !(await run.evaluate(element => element === document.activeElement)); i++) await page.keyboard.press(i < 30 ? 'Tab' : 'Shift+Tab');
  await expect(run).toBeFocused();
  await page.keyboard.press('Enter');
  await isDone(page, 'hello');
});

walk('a flood of output can be interrupted', async () => {
  await startLesson(page);
  await typeLine(page, 'yes');
  await sees(page, /^y\ny\ny$/m);
  await page.keyboard.press('Control+c');
  await sees(page, /\^C/);
  await typeLine(page, 'clear; echo still here');
  await sees(page, /^still here$/m);
});

walk('a paste arrives in the terminal, and what is selected can be copied', async () => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await startLesson(page);
  await page.evaluate(() => navigator.clipboard.writeText('echo pasted-$((2+3))'));
  await terminal(page).locator('textarea').focus();
  await page.keyboard.press('Control+v');
  await sees(page, 'echo pasted-');
  await page.keyboard.press('Enter');
  await sees(page, 'pasted-5');
});

walk('with WebSockets blocked the lab works by polling, and says so', async () => {
  await page.addInitScript(() => {
    // What a school's proxy does: the upgrade never succeeds.
    window.WebSocket = class extends EventTarget {
      constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))); }
      set onerror(handler: () => void) { setTimeout(handler); }
      close() {}
      send() {}
    } as unknown as typeof WebSocket;
  });
  await startLesson(page);
  await expect(page.getByTestId('status')).toContainText('the slow way');
  await typeLine(page, 'docker run hello-world');
  await isDone(page, 'hello');
});

walk('when the server is restarted the page finds its terminal again', async () => {
  await startLesson(page);
  await typeLine(page, 'X=kept; echo before the restart');
  await sees(page, /^before the restart$/m);
  await crash('web');
  await expect(page.getByTestId('status')).toContainText(/^Connected/, { timeout: 60_000 });
  await expect(terminal(page)).toHaveAttribute('data-live', 'true', { timeout: 60_000 });
  await sees(page, /^before the restart$/m);
  await typeLine(page, 'echo $X');
  await sees(page, /^kept$/m);
});

walk('reset gives a fresh lab and keeps what was learnt', async () => {
  await startLesson(page);
  await typeLine(page, 'docker run hello-world');
  await isDone(page, 'hello');
  await page.getByRole('button', { name: 'Reset lab' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /reset/i }).click();
  await expect.poll(() => screen(page), { timeout: 30_000 }).not.toContain('hello-world');
  await hasPrompt(page);
  await typeLine(page, 'docker ps -aq | wc -l');
  await sees(page, /^0$/m);
  await isDone(page, 'hello');
});

walk('/play gives a lab without a lesson', async () => {
  await page.goto('/play');
  await hasPrompt(page);
  await typeLine(page, 'docker run --rm busybox echo played');
  await sees(page, /^played$/m);
});
