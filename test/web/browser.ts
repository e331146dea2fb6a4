// Debian's Chromium for the browser tests, and what a person does with a lesson's page. WebGL is off, so that the terminal's text is in the document.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, expect, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { disposeLabsLeft } from '../warm.ts';
import { readStatus } from '../../runtime/supervisor/status.ts';

export { expect, type Browser, type BrowserContext, type Page };

/** A loaded machine, not a slow page: what takes longer than this has gone wrong. */
export const PATIENCE_MS = 30_000;
const patient = { timeout: PATIENCE_MS };
const shots = join(import.meta.dirname, '..', '..', 'test-results', 'web');

export const openBrowser = (): Promise<Browser> => chromium.launch({
  executablePath: process.env.SLIPWAY_CHROMIUM ?? '/usr/bin/chromium',
  args: [`--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`, '--no-sandbox', '--disable-gpu', '--disable-3d-apis', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

export const siteUrl = () => readStatus()!.url;
/** Another name for this machine, under which the site is no localhost to the browser: plain HTTP from elsewhere, and no origin of its own for a port. */
const OTHER_NAME = 'lab.test';
export const elsewhereUrl = () => siteUrl().replace(/localhost|127\.0\.0\.1/, OTHER_NAME);

/** A newcomer: no cookie, nothing stored. Errors of the page fail the test that asks for them. */
export async function newcomer(browser: Browser, options: Parameters<Browser['newContext']>[0] = {}): Promise<{ context: BrowserContext; page: Page; errors: string[] }> {
  const context = await browser.newContext({ baseURL: siteUrl(), viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(error.message));
  return { context, page, errors };
}

/** Closes the learner's browser; learners keep their labs, so those go as well. */
export async function leave(context: BrowserContext) {
  await context.close();
  await disposeLabsLeft();
}

/** From the front page into the first lesson, by its one button. */
export async function startLesson(page: Page) {
  await page.goto('/');
  await page.getByTestId('start').click();
  await hasPrompt(page);
}

export const terminal = (page: Page) => page.locator('[data-testid=terminal]:visible');
export const screen = async (page: Page): Promise<string> => (await terminal(page).locator('.xterm-rows > div').allInnerTexts()).map(line => line.replaceAll('\u00a0', ' ').trimEnd()).join('\n').trimEnd();

export async function hasPrompt(page: Page) {
  await expect(page.getByTestId('status')).toHaveAttribute('data-tone', 'good', patient);
  await expect.poll(() => screen(page), patient).toMatch(/[#$]$/);
}

export const sees = (page: Page, text: string | RegExp) => expect.poll(() => screen(page), patient).toMatch(text instanceof RegExp ? text : new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')));

/** Types a line into the focused terminal, as fingers do. */
export async function typeLine(page: Page, line: string) {
  await terminal(page).locator('textarea').focus();
  await page.keyboard.type(line);
  await page.keyboard.press('Enter');
}

export const isDone = (page: Page, task: string) => expect(page.locator(`[data-task="${task}"]`)).toHaveAttribute('data-state', 'done', patient);

export async function shoot(page: Page, name: string) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Runs `work`; when it fails, there is a picture of how the page looked. */
export async function pictured(page: Page, name: string, work: () => Promise<void>) {
  try {
    await work();
  } catch (error) {
    await shoot(page, `failed-${name}`).catch(() => {}); // the page may be gone; the error says more
    throw error;
  }
}
