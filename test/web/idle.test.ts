// Nobody there: the lab is frozen, its page warns before it goes to sleep and says what is kept, and one click opens it with its screen. In the time of instructors
// (place.ts), which is seconds.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect as expectNow, test } from 'vitest';
import { root } from '../run-instance.ts';
import { expect, hasPrompt, leave, newcomer, pictured, sees, shoot, startLesson, terminal, typeLine, type Browser, type Page } from './browser.ts';
import { haveBrowser, haveEngine, type EngineVerbs } from './set-up.ts';

let browser: Browser;
let engine: EngineVerbs;
haveBrowser(given => { browser = given; });
haveEngine(given => { engine = given; });

const state = async () => (await engine.call('listLabs', {}))[0]?.state;
const soon = { timeout: 30_000 };

/** Whoever this browser is has little time from now on. */
async function hurry(page: Page) {
  const id = (await page.context().cookies()).find(({ name }) => name === 'slipway_learner')!.value.split('.')[0]!;
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'dist/learner.js'), 'role', id.slice(0, 12), 'instructor'], { encoding: 'utf8' });
  expectNow({ status, stdout: stdout.trim() }).toEqual({ status: 0, stdout: `${id} instructor` });
}
/** As when another tab is in front: Chromium itself says hidden only with a window manager. */
const look = (page: Page, visible: boolean) => page.evaluate(visibility => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => visibility });
  document.dispatchEvent(new Event('visibilitychange'));
}, visible ? 'visible' : 'hidden');

test('frozen and thawed by a key, warned of, kept by the keyboard, asleep, and open again', async () => {
  const { page, context, errors } = await newcomer(browser);
  await pictured(page, 'idle', async () => {
    await startLesson(page);
    await typeLine(page, 'echo marked-$((40+2))');
    await sees(page, 'marked-42');
    await hurry(page);
    await look(page, false);
    await expect.poll(state, soon).toBe('frozen');
    await page.keyboard.type('echo thawed-$((1+1))\n');
    await sees(page, 'thawed-2');
    expectNow(await state()).toBe('running');

    const warning = page.getByTestId('idle-warning');
    await expect(warning).toBeVisible(soon);
    await expect(page.locator('[role=status]', { hasText: 'Nobody seems to be using this lab' }).or(page.locator('[role=status]', { hasText: 'less than half a minute' })).first()).toBeAttached();
    await shoot(page, 'idle-warning-light');
    const keep = warning.getByRole('button', { name: 'Keep it running' });
    await keep.focus();
    await page.keyboard.press('Enter');
    await expect(warning).toBeHidden();
    await expect(terminal(page).locator('textarea')).toBeFocused();
    expectNow(await state()).not.toBe('suspended');

    await expect(page.getByTestId('asleep')).toBeVisible(soon);
    await expect(page.getByTestId('status')).toHaveText('Lab is asleep');
    await shoot(page, 'asleep-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await shoot(page, 'asleep-dark');
    await page.setViewportSize({ width: 390, height: 844 });
    await shoot(page, 'asleep-narrow-dark');
    await page.setViewportSize({ width: 1440, height: 900 });
    await expect.poll(state, soon).toBe('suspended');
    await look(page, true);
    await page.getByTestId('asleep').getByRole('button', { name: 'Open the lab' }).click();
    await hasPrompt(page);
    await sees(page, 'marked-42');
    expectNow(errors).toEqual([]);
  });
  await leave(context);
});

test('a lab that meets its own limit is told which, below the terminal, with what to do', async () => {
  const { page, context, errors } = await newcomer(browser);
  await pictured(page, 'own-limit', async () => {
    await startLesson(page);
    await typeLine(page, `perl -e 'for (1..600) { my $p = fork; last unless defined $p; if (!$p) { sleep 300; exit } } print "that many\\n"; sleep 300'`);
    const note = page.locator('[data-region=note]');
    await expect(note).toContainText('Your lab can have no more processes', soon);
    await expect(note).toContainText('512 processes');
    await shoot(page, 'own-limit-light');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('button', { name: 'Terminal', exact: true }).click();
    await shoot(page, 'own-limit-narrow-dark');
    await note.getByRole('button', { name: 'Dismiss the explanation' }).click();
    await expect(note).toBeHidden();
    expectNow(errors).toEqual([]);
  });
  await leave(context);
});
