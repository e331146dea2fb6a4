// Every page, as axe-core judges it and as a keyboard meets it: in English and German, light and dark, wide and narrow. What axe cannot see (that a
// walk by keyboard reaches everything, and leads into the terminal and out again) is walked.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { disposeLabsLeft } from '../warm.ts';
import { elsewhereUrl, expect as see, hasPrompt, leave, newcomer, openBrowser, pictured, sees, shoot, terminal, typeLine, type Browser, type BrowserContext, type Page } from './browser.ts';

let browser: Browser;
let context: BrowserContext | undefined;
beforeAll(async () => { browser = await openBrowser(); });
afterAll(async () => {
  await browser?.close();
  await disposeLabsLeft(); // of those who walked at the same time
});
afterEach(async () => { if (context) await leave(context); context = undefined; });

async function visit(options: Parameters<typeof newcomer>[1] = {}) {
  const visitor = await newcomer(browser, options);
  ({ context } = visitor);
  return visitor;
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** xterm.js draws rows of spans that a screen reader is not meant to read: it gets a tree of its own when it asks for one (settings). */
const OUTSIDE = '.xterm-screen';

async function faults(page: Page, options: object): Promise<string[]> {
  await page.evaluate(axe); // by the debugger: the page's own policy lets no such script in
  const { violations } = await page.evaluate(([outside, how]) => (globalThis as unknown as { axe: { run(context: unknown, options: unknown): Promise<AxeResults> } }).axe.run({ exclude: [outside] }, how), [OUTSIDE, options] as const);
  return violations.flatMap(({ id, nodes }) => nodes.map(node => `${id}: ${node.target.join(' ')}: ${node.failureSummary?.split('\n').slice(1).map(line => line.trim()).join('; ')}`));
}

const german = { locale: 'de-DE' };
const narrow = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Every rule; those about colour alone; those about everything else. */
const rules = {
  all: { runOnly: TAGS },
  colours: { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } },
  structure: { runOnly: TAGS, rules: { 'color-contrast': { enabled: false } } },
} as const;
const light = { colorScheme: 'light', forcedColors: 'none' } as const;
/** What a page is judged as, one after the other. What it says and how it is built is the same in light and dark; with forced colours the browser paints text in the system's, and still tells scripts ours. */
const inEveryLook = [[light, 'all'], [{ ...light, colorScheme: 'dark' }, 'colours'], [{ ...light, forcedColors: 'active' }, 'structure']] as const;
const inEnglish = [[light, 'all']] as const;
/** Colours are the same in every language, names and room are not. */
const inGerman = [[light, 'structure']] as const;

describe.concurrent.each([['en', 'wide', {}, inEveryLook], ['en', 'narrow', narrow, inEnglish], ['de', 'wide', german, inGerman], ['de', 'narrow', { ...german, ...narrow }, inGerman]] as const)('%s, %s', (language, look, options, looks) => {
  test.concurrent('no page has a fault', async () => {
    // A narrow window is somebody's telephone: it comes from elsewhere.
    const { page, errors, context: own } = await newcomer(browser, look === 'narrow' ? { ...options, baseURL: elsewhereUrl() } : options);
    const found: Record<string, string[]> = {};
    const judge = async (name: string) => {
      for (const [media, which] of looks) {
        await page.emulateMedia(media);
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        const faulty = [...await faults(page, rules[which]), ...(wider > 0 ? [`${wider} pixels wider than its window`] : [])];
        if (faulty.length > 0) found[`${name}, ${JSON.stringify(media)}`] = faulty;
      }
      if (looks.length > 1) await page.emulateMedia(light);
    };
    await pictured(page, `accessible-${language}-${look}`, async () => {
      await page.goto('/');
      await see(page.locator('html')).toHaveAttribute('lang', language === 'de' ? 'de-DE' : 'en-GB');
      await judge('front');
      await page.goto('/no-such-page');
      await judge('not found');
      await page.goto('/lessons/container-lifecycle');
      await hasLab(page);
      await judge('lesson');
      if (look === 'narrow') {
        await page.locator('.view-switch button').nth(1).click();
        await judge('terminal');
      } else {
        await page.locator('.settings button').first().click();
        await judge('settings');
        await page.keyboard.press('Escape');
        await typeLine(page, 'docker rm nothing');
        await see(page.locator('.explain')).toBeVisible();
        await judge('explanation');
      }
      await typeLine(page, 'docker run -d -p 8080:80 busybox httpd -f -h /etc');
      await page.getByRole('button', { name: /8080 (?:beside|neben)/ }).click();
      await see(page.getByTestId('port-pane').locator('iframe')).toBeVisible();
      if (look === 'narrow') await page.getByTestId('port-pane').locator('summary').click();
      await judge('port');
      await shoot(page, `port-${language}-${look}`);
      await page.getByRole('button', { name: /Share port 8080|Port 8080 mit/ }).click();
      await page.locator('dialog[open] .button.primary').click();
      await see(page.getByTestId('share-url')).toBeVisible();
      await judge('sharing');
      await shoot(page, `sharing-${language}-${look}`);
      await page.goto((await page.locator('dialog[open] .share-close a').getAttribute('href'))!);
      await see(page.getByRole('button', { name: /Open port 8080|Port 8080 öffnen/ })).toBeVisible();
      await judge('port’s page');
      await page.goto('/lessons/first-container');
      await hasLab(page);
      await judge('questions and diagrams');
      if (look !== 'narrow') {
        await page.getByRole('button', { name: 'two-sides.sh' }).click();
        await see(page.locator('.cm-content')).toBeVisible({ timeout: 30_000 });
        await judge('editor');
      }
      await page.goto('/labs');
      await see(page.getByRole('heading', { level: 1 })).toBeVisible();
      await judge('labs');
      await page.goto('/resume');
      await see(page.getByRole('heading', { level: 1 })).toBeVisible();
      await judge('resume');
      await page.goto('/play');
      await hasLab(page);
      await judge('play');
      await page.locator('.workspace-bar [aria-controls=cheat-sheet]').click();
      await judge('cheat sheet');
      if (look !== 'narrow') {
        await page.locator('.workspace-bar > .button').last().click();
        await see(page.getByRole('dialog')).toBeVisible();
        await judge('dialog');
        await page.keyboard.press('Escape');
        await page.getByTestId('copies').click();
        await see(page.getByRole('dialog').locator('.button.primary')).toBeEnabled();
        await page.getByRole('dialog').locator('.button.primary').click();
        await see(page.getByTestId('copy')).toBeVisible();
        await judge('copies');
        await page.getByTestId('copy').getByRole('button').last().click(); // takes it away again
        await see(page.getByTestId('copy')).toHaveCount(0);
      }
      expect(found).toEqual({});
      expect(errors).toEqual([]);
    });
    await own.close();
  });
});

const hasLab = (page: Page) => see(page.getByTestId('status')).toHaveAttribute('data-tone', 'good', { timeout: 30_000 });

test('a whole lesson by keyboard alone: into the terminal and out, to every task and back, with nothing that holds on to the focus', async () => {
  const { page } = await visit();
  await pictured(page, 'keyboard', async () => {
    await page.goto('/lessons/container-lifecycle');
    await hasPrompt(page);
    const focus = () => page.evaluate(() => ({ region: document.activeElement?.closest('[data-region]')?.getAttribute('data-region') ?? null, tag: document.activeElement?.tagName ?? '', text: document.activeElement?.textContent?.trim().slice(0, 60) ?? '' }));
    await see(terminal(page).locator('textarea')).toBeFocused();
    await page.keyboard.type('echo typed-$((20+3))');
    await page.keyboard.press('Enter');
    await sees(page, 'typed-23');

    const visited: (string | null)[] = [];
    for (let step = 0; step < 3; step++) {
      await page.keyboard.press('F6');
      visited.push((await focus()).region);
    }
    expect(visited).toEqual(['bar', 'text', 'terminal']);
    await page.keyboard.press('Shift+F6');
    expect((await focus()).region).toBe('text');

    // From the text's beginning Tab comes by all that can be used in it, and then out of it; what has the focus can be seen.
    const reached = new Set<string>();
    const hidden: string[] = [];
    for (let step = 0; step < 120; step++) {
      await page.keyboard.press('Tab');
      const now = await focus();
      if (now.region !== 'text') break;
      reached.add(now.text);
      const seen = await page.evaluate(() => { const box = document.activeElement!.getBoundingClientRect(); return box.width > 0 && box.bottom > 0 && box.top < innerHeight; });
      if (!seen) hidden.push(now.text);
    }
    expect(hidden).toEqual([]);
    expect([...reached]).toEqual(expect.arrayContaining(['Run', 'Copy', 'Show a solution', 'Start here…']));
    expect((await focus()).region).not.toBe('text');

    // A command run by keyboard leaves the focus where it is; its tick is announced.
    await page.keyboard.press('F6');
    await page.locator('[data-testid=run]').first().focus();
    await page.keyboard.press('Enter');
    await see(page.locator('[data-task=hello]')).toHaveAttribute('data-state', 'done', { timeout: 30_000 });
    expect((await focus()).region).toBe('text');
    await see(page.getByRole('status').filter({ hasText: 'Task done: Run your first container' })).toBeAttached();

    // A dialog keeps the focus while it is open, and gives it back.
    const reset = page.getByRole('button', { name: 'Reset lab' });
    await reset.focus();
    await page.keyboard.press('Enter');
    await see(page.getByRole('button', { name: 'Keep this lab' })).toBeFocused();
    for (let step = 0; step < 4; step++) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement === document.body || document.activeElement?.closest('dialog') !== null)).toBe(true);
    }
    await page.keyboard.press('Escape');
    await see(reset).toBeFocused();
  });
});

test('at twice the size nothing is cut off or lies upon something else, and nothing moves for whoever wants that', async () => {
  // 200 % on a window of 1280 × 900 is a window of 640 × 450.
  const { page } = await visit({ ...german, viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 });
  await pictured(page, 'twice', async () => {
    for (const path of ['/', '/lessons/container-lifecycle', '/play']) {
      await page.goto(path);
      if (path !== '/') await hasLab(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
      expect(await page.evaluate(() => document.getAnimations().filter(animation => animation.playState === 'running' && Number(animation.effect?.getComputedTiming().duration) > 20).length)).toBe(0);
      await shoot(page, `twice-${path.replaceAll('/', '-')}`);
    }
  });
});

test('the language is chosen in the header, at once and for good, and the lab goes on', async () => {
  const { page, errors } = await visit();
  await pictured(page, 'language', async () => {
    await page.goto('/lessons/container-lifecycle');
    await hasPrompt(page);
    await typeLine(page, 'echo still-$((1+1))');
    await sees(page, 'still-2');
    await page.getByTestId('language').selectOption('de');
    await see(page.locator('html')).toHaveAttribute('lang', 'de-DE');
    await see(page.getByRole('heading', { level: 1 })).toHaveText('Das Leben eines Containers');
    await see(page.getByTestId('status')).toContainText(/^Verbunden/, { timeout: 30_000 });
    await sees(page, 'still-2');
    // The web process speaks it, too.
    await typeLine(page, 'docker rm nirgends');
    await see(page.locator('.explain')).toContainText('Kein Container heißt nirgends');
    await typeLine(page, 'docker pull hello-world');
    await see(page.locator('[data-task=hello] dl')).toContainText('ein Container ist daraus noch nicht entstanden', { timeout: 30_000 });
    await page.reload();
    await see(page.locator('[data-task=hello] dl')).toContainText('ein Container ist daraus noch nicht entstanden', { timeout: 30_000 });
    // A lesson that nobody has translated yet says so, in the list and on its page; its text is marked as what it is.
    await page.goto('/');
    const untranslated = page.locator('.lesson-card', { hasText: 'auf Englisch' });
    if (await untranslated.count() > 0) {
      await untranslated.first().getByRole('link').click();
      await see(page.locator('main')).toContainText('noch nicht übersetzt');
      await see(page.locator('.lesson-text [lang=en-GB] h1')).toBeVisible();
    }
    expect(errors).toEqual([]);
  });
});
