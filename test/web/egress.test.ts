// The way out of labs, as a learner meets it and as an instructor opens it: a command that fails for it is told on the page, one switch reaches a lab at work.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect as check, test } from 'vitest';
import { type Internet, openInternet } from '../security/internet.ts';
import { expect, newcomer, PATIENCE_MS, pictured, sees, shoot, typeLine, type Browser, type Page } from './browser.ts';
import { haveLearner } from './set-up.ts';

const root = join(import.meta.dirname, '..', '..');
const patient = { timeout: PATIENCE_MS };
let browser: Browser;
let page: Page;
let errors: string[];
let internet: Internet | undefined;
haveLearner(given => { ({ browser, page, errors } = given); }, '/play');
afterAll(() => internet?.release());

test('a learner is told why a command fails; an instructor opens a way for every lab, and closes it', async () => {
  const note = page.locator('[data-region=note]');
  await pictured(page, 'egress', async () => {
    await typeLine(page, 'curl -sS http://allowed.example.org/');
    await expect(note.getByText('This lab has no way to the Internet')).toBeVisible(patient);
    await sees(page, 'Could not resolve host');

    const teacher = await newcomer(browser, { locale: 'de-DE', viewport: { width: 390, height: 844 } });
    await teacher.page.goto('/class');
    await expect(teacher.page.getByText('Diese Seite ist für alle, die einen Kurs leiten.')).toBeVisible();
    await teacher.page.goto('/play'); // who never had a lab is not known yet
    await expect(teacher.page.getByTestId('status')).toHaveAttribute('data-tone', 'good', patient);
    const id = (await teacher.context.cookies()).find(({ name }) => name === 'slipway_learner')!.value.slice(0, 12);
    check(spawnSync(process.execPath, [join(root, 'dist/learner.js'), 'role', id, 'instructor']).status).toBe(0);
    await teacher.page.goto('/labs');
    await teacher.page.getByRole('link', { name: 'Was Labs draußen erreichen dürfen' }).click();
    await expect(teacher.page.getByText('erlaubt draußen nichts')).toBeVisible(patient);

    internet = await openInternet({ 'allowed.example.org': ['203.0.113.10'], 'other.example.org': ['203.0.113.20'] });
    internet.permit(['allowed.example.org:80', 'other.example.org:443']);
    await teacher.page.reload();
    await teacher.page.getByRole('radio', { name: 'Was unten angekreuzt ist' }).check();
    await teacher.page.getByRole('checkbox', { name: 'other.example.org:443' }).uncheck();
    check(await teacher.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBeLessThanOrEqual(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await teacher.page.emulateMedia({ colorScheme });
      await shoot(teacher.page, `egress-class-${colorScheme}`);
    }
    await teacher.page.getByRole('button', { name: 'Anwenden' }).click();
    await expect(teacher.page.getByText(/Jetzt offen, in \d+ laufenden Labs?/)).toBeVisible(patient);

    await page.bringToFront();
    await typeLine(page, 'clear; exec 3<>/dev/tcp/allowed.example.org/80; echo x >&3; head -1 <&3');
    await sees(page, 'hello 203.0.113.10');
    await typeLine(page, 'clear; curl -sS http://other.example.org/');
    await expect(note.getByText('This lab may not reach that address')).toBeVisible(patient);
    await expect(note).toContainText('Something in it asked for other.example.org. Outside, this lab may reach allowed.example.org:80');
    await shoot(page, 'egress-refused');

    await teacher.page.bringToFront();
    await teacher.page.getByRole('radio', { name: 'Nichts' }).check();
    await teacher.page.getByRole('button', { name: 'Anwenden' }).click();
    await expect(teacher.page.getByText('Jetzt ist nichts mehr offen.')).toBeVisible(patient);
    await page.bringToFront();
    await typeLine(page, 'clear; echo x >/dev/tcp/203.0.113.10/80');
    await sees(page, 'Network is unreachable');
    check(errors).toEqual([]);
    await teacher.context.close();
  });
}, 120_000);
