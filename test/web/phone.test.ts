// A lesson on a phone: keys that its keyboard lacks, and room for the terminal when that keyboard is up. Chromium here has no keyboard on glass, so its
// coming is told to the page the way a phone's browser tells it: by the visual viewport.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { expect as see, leave, newcomer, pictured, screen, sees, shoot, terminal, type Browser, type BrowserContext, type Page } from './browser.ts';
import { haveBrowser } from './set-up.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
haveBrowser(given => { browser = given; });
beforeEach(async () => { ({ context, page } = await newcomer(browser, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, locale: 'de-DE' })); });
afterEach(() => leave(context));

const openTerminal = async () => {
  await page.goto('/lessons/container-lifecycle');
  await see(page.getByTestId('status')).toHaveAttribute('data-tone', 'good', { timeout: 30_000 });
  await page.locator('.view-switch button').nth(1).tap();
  await expect.poll(() => screen(page), { timeout: 30_000 }).toMatch(/#$/);
};

test('keys that a phone lacks are there, large enough for a finger, and work', () => pictured(page, 'phone-keys', async () => {
  await openTerminal();
  const keys = page.getByRole('toolbar', { name: 'Tasten für das Terminal' });
  for (const box of await keys.getByRole('button').evaluateAll(buttons => buttons.map(button => button.getBoundingClientRect().toJSON() as DOMRect))) {
    expect(box.height).toBeGreaterThanOrEqual(40);
    expect(box.width).toBeGreaterThanOrEqual(24);
  }
  await terminal(page).tap();
  await page.keyboard.type('slee');
  await keys.getByRole('button', { name: 'Tab, Tabulator' }).tap();
  await page.keyboard.type('100');
  await page.keyboard.press('Enter');
  await sees(page, 'sleep 100');
  await keys.getByRole('button', { name: 'Strg', exact: true }).tap();
  await page.keyboard.type('c');
  await sees(page, '^C');
  await keys.getByRole('button', { name: /Nach oben/ }).tap();
  await sees(page, /sleep 100[\s\S]*sleep 100/);
}));

test('no keyboard comes up before it is asked for; when it does, prompt and keys are above it, and all is back when it goes', () => pictured(page, 'phone-keyboard', async () => {
  await openTerminal();
  expect(await page.evaluate(() => document.activeElement?.tagName)).not.toBe('TEXTAREA');
  await terminal(page).tap();
  await see(terminal(page).locator('textarea')).toBeFocused();
  const keyboard = (height: number, top: number) => page.evaluate(([height, top]) => {
    for (const [name, value] of [['height', height], ['offsetTop', top]] as const) Object.defineProperty(visualViewport, name, { value, configurable: true });
    visualViewport!.dispatchEvent(new Event('resize'));
  }, [height, top] as const);
  await keyboard(460, 60);
  const bottom = () => page.locator('.helper-keys:visible').evaluate(keys => keys.getBoundingClientRect().bottom);
  await expect.poll(bottom).toBeLessThanOrEqual(520);
  expect(await page.locator('.site-header').isVisible()).toBe(false);
  expect(await terminal(page).evaluate(host => host.getBoundingClientRect().height)).toBeGreaterThan(250);
  await sees(page, /#$/);
  await shoot(page, 'phone-keyboard');
  await keyboard(844, 0);
  await see(page.locator('.site-header')).toBeVisible();
}));
