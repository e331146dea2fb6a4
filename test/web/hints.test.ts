// Hints, points, a task that fails and is reset, and one that a file ticks, as a learner has them on the page: by keyboard, in two tabs, over a reload, on a
// narrow screen in German.
import { expect as check, test } from 'vitest';
import { expect, hasPrompt, isDone, PATIENCE_MS, pictured, shoot, typeLine, type BrowserContext, type Page } from './browser.ts';
import { haveAuthor, haveLearner } from './set-up.ts';

const patient = { timeout: PATIENCE_MS };
let context: BrowserContext;
let page: Page;
let errors: string[];
let said: string[];

const turns = 'wrongTurns: [{ id: a, when: { container: { name: a } }, found: F, next: N }, { id: b, when: { container: { name: b } }, found: G, next: N }], otherWays: [[x], [y]], wrong: [{ commands: [x], message: a }, { commands: [y], message: b }]';
const tasks = `tasks:
  - { id: note, title: Write a note, check: { file: { path: /root/note, contains: done } }, attempt: { file: { path: /root/note } }, expected: The note says done., next: echo done > note, done: It does., solution: [x], ${turns} }
  - { id: read, title: Read the log of web, points: 10, check: { call: { path: "/containers/*/logs", name: web, status: ok } }, attempt: { event: { action: start, name: web } }, expected: You have read it., next: docker logs web, done: You have read it., solution: [docker logs web], ${turns},
      hints: [{ text: "What a container prints is kept." }, { text: "It is \`docker logs\`.", cost: 3 }],
      fail: { when: { event: { action: destroy, name: web } }, found: "web was removed, and its log with it.", tried: [docker rm -f web] }, reset: [docker rm -f web, "docker run -d --name web busybox sleep 900"] }
`;

haveAuthor('10-hints', {
  '10-hints/lesson.md': '---\ntitle: Hints\nsummary: To try things out.\nminutes: 5\nlevel: beginner\npart: Tests\n---\n\n:::task{#note}\nWrite.\n:::\n\n:::task{#read}\nRead.\n:::\n',
  '10-hints/tasks.yaml': tasks,
}, given => { ({ said } = given); });
haveLearner(given => { ({ context, page, errors } = given); });
const walk = (name: string, work: () => Promise<void>) => test(name, () => pictured(page, name.replaceAll(/\W+/g, '-').slice(0, 60), work));
const card = (on: Page) => on.locator('[data-task=read]');

walk('a file that nobody told the engine of ticks, and before that what it holds is told', async () => {
  await check.poll(() => said.join('\n'), patient).toContain('Shown at /lessons/hints');
  await check.poll(async () => (await page.goto('/lessons/hints'))!.status(), patient).toBe(200);
  await hasPrompt(page);
  await typeLine(page, 'echo not yet > note');
  await expect(page.locator('[data-task=note]')).toContainText('/root/note is there', patient);
  await typeLine(page, 'echo done > note');
  await isDone(page, 'note');
});

walk('hints come one by one when they are asked for, by keyboard, in every tab, and say what they cost', async () => {
  await expect(card(page).getByTestId('hint')).toHaveCount(0);
  const other = await context.newPage();
  await other.goto('/lessons/hints');
  await card(page).getByTestId('ask-hint').focus();
  await page.keyboard.press('Enter');
  await expect(card(page).getByTestId('hint')).toHaveText(['Hint 1: What a container prints is kept.']);
  await expect(card(other).getByTestId('hint')).toHaveCount(1, patient);
  await other.close();
  await expect(card(page).getByTestId('ask-hint')).toContainText('(costs 3 points)');
  await page.keyboard.press('Enter');
  await expect(card(page).getByTestId('hint')).toHaveCount(2);
  await expect(card(page)).toContainText('It cost 3 points.');
  await expect(card(page).getByTestId('ask-hint')).toHaveCount(0);
  await shoot(page, 'hints');
});

walk('a task whose evidence is gone says so, and its reset brings back what it needs and nothing else', async () => {
  await typeLine(page, 'docker run -d --name web busybox sleep 900');
  await expect(card(page)).toHaveAttribute('data-state', 'tried', patient);
  await expect(card(page)).toContainText('0 of 10 points');
  await typeLine(page, 'clear; docker rm -f web');
  await expect(card(page)).toHaveAttribute('data-state', 'failed', patient);
  await expect(card(page)).toContainText('web was removed, and its log with it.');
  await shoot(page, 'failed');
  await page.reload();
  await hasPrompt(page);
  await expect(card(page)).toHaveAttribute('data-state', 'failed', patient);
  await card(page).getByTestId('reset-task').focus();
  await page.keyboard.press('Enter');
  await expect(card(page)).toHaveAttribute('data-state', 'open', patient);
  await expect(page.locator('[data-task=note]')).toHaveAttribute('data-state', 'done');
  await expect(card(page).getByTestId('hint')).toHaveCount(2);
});

walk('what is done stands with its moment, its evidence and its points, less what the hints cost; also in German on a phone', async () => {
  await typeLine(page, 'clear; docker logs web');
  await isDone(page, 'read');
  await expect(card(page)).toContainText(/Done at .*You have read it\..*7 of 10 points/);
  await context.addCookies([{ name: 'slipway_language', value: 'de', url: page.url() }]);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.reload();
  await expect(card(page)).toContainText('7 von 10 Punkten', patient);
  await expect(card(page)).toContainText('Er hat 3 Punkte gekostet.');
  check(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await shoot(page, 'hints-phone');
  check(errors).toEqual([]);
});
