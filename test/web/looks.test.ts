// How it looks, for a person to look at: pictures of the main pages, wide and narrow, light and dark, in test-results/web. What can be checked without eyes
// is checked: nothing is wider than the window, and nothing fails to load.
import { expect, test } from 'vitest';
import { hasPrompt, leave, newcomer, shoot, typeLine, isDone, type Browser } from './browser.ts';
import { haveBrowser } from './set-up.ts';

let browser: Browser;
haveBrowser(given => { browser = given; });

const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

for (const [size, viewport] of Object.entries(sizes)) for (const colorScheme of ['light', 'dark'] as const) {
  test(`${size} and ${colorScheme}: front page and lesson fit their window`, async () => {
    const { context, page, errors } = await newcomer(browser, { viewport, colorScheme });
    const failed: string[] = [];
    page.on('response', response => { if (response.status() >= 400) failed.push(`${response.status()} ${response.url()}`); });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    try {
      await page.goto('/');
      expect(await overflow()).toBeLessThanOrEqual(0);
      await shoot(page, `front-${size}-${colorScheme}`);
      await page.getByTestId('start').click();
      if (size === 'wide') {
        await hasPrompt(page);
        await page.getByTestId('run').first().click();
        await isDone(page, 'hello');
        await typeLine(page, 'docker ps -a');
      } else {
        await page.getByTestId('status').waitFor();
      }
      expect(await overflow()).toBeLessThanOrEqual(0);
      await shoot(page, `lesson-${size}-${colorScheme}`);
      expect(errors).toEqual([]);
      expect(failed).toEqual([]);
    } finally {
      await leave(context);
    }
  });
}
