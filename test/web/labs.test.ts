// "Your labs", and a link that continues on another device, in two browsers that know nothing of each other.
import { expect as expectNow, test } from 'vitest';
import { expect, hasPrompt, leave, newcomer, pictured, sees, shoot, startLesson, typeLine, type Browser, type Page } from './browser.ts';
import { haveBrowser } from './set-up.ts';

let browser: Browser;
haveBrowser(given => { browser = given; });

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const sizes = [['wide', { width: 1440, height: 900 }], ['narrow', { width: 390, height: 844 }]] as const;

/** In both sizes and themes; nothing is wider than its window. */
async function look(page: Page, name: string) {
  for (const [size, viewport] of sizes) for (const colorScheme of ['light', 'dark'] as const) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    expectNow(await overflow(page)).toBeLessThanOrEqual(0);
    await shoot(page, `${name}-${size}-${colorScheme}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}

test('the same lab and progress in another browser, whose own is not lost; labs are listed and removed', async () => {
  const [ada, bob] = [await newcomer(browser), await newcomer(browser)];
  const requests: string[] = [];
  for (const { page } of [ada, bob]) page.on('request', request => requests.push(`${request.url()} ${request.headers().referer ?? ''}`));
  await pictured(bob.page, 'resume', async () => {
    await startLesson(ada.page);
    await typeLine(ada.page, 'echo brought-$((40+2)) | tee /root/mine');
    await sees(ada.page, 'brought-42');
    await bob.page.goto('/play');
    await hasPrompt(bob.page);

    await ada.page.getByTestId('resume').click();
    const dialog = ada.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Make a link' }).click();
    await expect(dialog.getByRole('img', { name: /QR code/ })).toBeVisible();
    const url = await dialog.getByLabel('Your link').inputValue();
    expectNow(url).toMatch(/\/resume#[\w-]{43}$/);
    await look(ada.page, 'resume-dialog');
    await ada.page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();

    await bob.page.goto(url);
    await expect(bob.page.getByText('The link brings: one lab, 0 tasks done.')).toBeVisible();
    await expect(bob.page.getByText('This browser has progress of its own: one lab')).toBeVisible();
    expectNow(new URL(bob.page.url()).hash).toBe('');
    await look(bob.page, 'resume-accept');
    await bob.page.getByRole('button', { name: 'Continue here' }).click();
    await hasPrompt(bob.page);
    await typeLine(bob.page, 'cat /root/mine; echo seen-$((1+1))');
    await sees(bob.page, 'seen-2');
    await sees(ada.page, 'seen-2'); // one terminal, two browsers
    const token = url.split('#')[1]!;
    expectNow(requests.filter(request => request.includes(token))).toEqual([]);

    const labs = await bob.context.newPage();
    await labs.goto(url);
    await expect(labs.getByRole('alert').filter({ hasText: 'not good any more' })).toBeVisible();

    await labs.goto('/labs');
    await expect(labs.getByTestId('lab')).toHaveCount(1);
    await expect(labs.getByTestId('lab')).toContainText(/Running.*Disk.*MB/s);
    await look(labs, 'labs');
    await labs.getByRole('button', { name: /^Remove / }).click();
    await labs.getByRole('button', { name: 'Remove the lab' }).click();
    await expect(labs.locator('.labs-said')).toContainText('is open in a tab'); // in the other browser

    await ada.page.getByTestId('resume').click();
    await expect(dialog.getByText('Another browser has opened a link of yours')).toBeVisible();
    await look(ada.page, 'resume-others');
    await dialog.getByRole('button', { name: 'Sign out other browsers' }).click();
    await expect(dialog.getByRole('status')).toContainText('Signed out.');
    await ada.page.keyboard.press('Escape');
    await expect(bob.page.getByTestId('connection-help')).toContainText('This browser was signed out');
    await labs.reload();
    await expect(labs.getByRole('dialog', { name: 'This browser was signed out' })).toBeVisible();
    await shoot(labs, 'resume-ended');
    await labs.keyboard.press('Escape');
    await typeLine(ada.page, 'echo still-$((1+1))');
    await sees(ada.page, 'still-2');
    await bob.page.close();
    await labs.reload();
    await expect(labs.getByRole('dialog')).toHaveCount(0);
    await labs.getByRole('button', { name: 'Go back to it' }).click();
    await expect(labs.getByTestId('lab')).toContainText('A lab of your own');
    await expect(async () => { // once the server has seen that the tab of this lab was left
      await labs.getByRole('button', { name: 'Remove A lab of your own' }).click();
      await labs.getByRole('button', { name: 'Remove the lab' }).click();
      await expect(labs.locator('.labs-said')).toContainText('was removed');
    }).toPass({ timeout: 20_000 });
    await expect(labs.getByTestId('lab')).toHaveCount(0);
    await expect(labs.getByText('You have no lab yet.')).toBeVisible();
    expectNow([...ada.errors, ...bob.errors]).toEqual([]);
  });
  await ada.context.close();
  await leave(bob.context);
});

test('a copy of the lab is saved, and gone back to after a word on what that costs, by keyboard alone', async () => {
  const { context, page, errors } = await newcomer(browser);
  await pictured(page, 'copies', async () => {
    await page.goto('/play');
    await hasPrompt(page);
    await typeLine(page, 'echo before > /root/mine; echo wrote-$((1+1))');
    await sees(page, 'wrote-2');
    const press = async (...keys: string[]) => { for (const key of keys) await page.keyboard.press(key); };
    await page.getByTestId('copies').focus();
    await press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Copies of this lab' });
    await expect(dialog.getByRole('button', { name: 'Save a copy now' })).toBeEnabled();
    await press('Tab', 'Enter');
    await expect(dialog.getByTestId('copy')).toHaveCount(1);
    await expect(dialog.getByTestId('copy')).toContainText(/MB|kB/);
    await look(page, 'copies');
    await press('Escape');
    await expect(page.getByTestId('copies')).toBeFocused();
    await typeLine(page, 'echo after > /root/mine; echo changed-$((1+1))');
    await sees(page, 'changed-2');

    await page.getByTestId('copies').focus();
    await press('Enter');
    await expect(dialog.getByTestId('copy')).toHaveCount(1);
    await dialog.getByRole('button', { name: 'Go back' }).focus();
    await press('Enter');
    const asking = page.getByRole('dialog', { name: 'Go back to this copy?' });
    await expect(asking).toContainText('For good, you lose');
    await look(page, 'copies-ask');
    await press('Escape');
    await expect(asking).toBeHidden();
    await expect(dialog.getByRole('button', { name: 'Go back' })).toBeFocused();
    await press('Enter');
    await expect(asking.getByRole('button', { name: 'Keep the lab as it is' })).toBeFocused();
    await press('Tab', 'Enter');
    await expect(page.getByTestId('status')).not.toHaveAttribute('data-tone', 'good');
    await hasPrompt(page);
    await typeLine(page, 'cat /root/mine; echo read-$((1+1))');
    await sees(page, /before\nread-2/);
    await page.getByTestId('copies').click();
    await dialog.getByRole('button', { name: 'Remove' }).click();
    await expect(dialog.getByRole('status')).toHaveText('The copy is removed.');
    await expect(dialog.getByTestId('copy')).toHaveCount(0);
    expectNow(errors).toEqual([]);
  });
  await leave(context);
});
