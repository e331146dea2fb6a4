// When the machine is full: the page shows the place in the queue while the text stays readable, and the lab starts by itself when there is room.
import { afterAll, expect as expectNow, test } from 'vitest';
import { expect, hasPrompt, leave, newcomer, pictured, shoot, startLesson, type Browser } from './browser.ts';
import { haveBrowser, haveEngine, type EngineVerbs } from './set-up.ts';

let browser: Browser;
let engine: EngineVerbs;
haveBrowser(given => { browser = given; });
haveEngine(given => { engine = given; });
afterAll(() => engine.call('room', { most: null }));

test('the place is told, the lesson can be read, and who was first is served first', async () => {
  await engine.call('room', { most: 1 });
  const [first, second, third] = [await newcomer(browser), await newcomer(browser), await newcomer(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' })];
  await pictured(third.page, 'full', async () => {
    await startLesson(first.page);
    const lesson = first.page.url();
    await second.page.goto(lesson);
    await expect(second.page.getByRole('alert').filter({ hasText: 'You are next' })).toBeVisible();
    await third.page.goto(lesson);
    const notice = third.page.getByRole('alert').filter({ hasText: 'number 2 in the queue' });
    await expect(notice).toBeVisible();
    await expect(third.page.getByTestId('status')).toHaveText('Waiting for room: place 2');
    await expect(third.page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(third.page.getByTestId('run').first()).toBeVisible();
    expectNow(await third.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    await shoot(third.page, 'full-narrow-dark');
    await third.page.emulateMedia({ colorScheme: 'light' });
    await shoot(third.page, 'full-narrow-light');
    for (const colorScheme of ['light', 'dark'] as const) {
      await second.page.emulateMedia({ colorScheme });
      await shoot(second.page, `full-wide-${colorScheme}`);
    }
    await first.context.close();
    await engine.call('suspendLab', { lab: (await engine.call('listLabs', {}))[0]!.id }); // as if nobody had used it for long
    await hasPrompt(second.page);
    await expect(third.page.getByRole('alert').filter({ hasText: 'You are next' })).toBeVisible();
    await engine.call('room', { most: 2 });
    await third.page.getByRole('button', { name: 'Terminal', exact: true }).click();
    await hasPrompt(third.page);
    expectNow([...second.errors, ...third.errors]).toEqual([]);
  });
  await second.context.close();
  await leave(third.context);
});
