// A lesson that is shown while it is written.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLessons } from '../lessons.ts';
import { newLesson } from './new.ts';
import { previewLesson } from './preview.ts';

let desk: string;
let into: string;
beforeEach(async () => {
  desk = await mkdtemp(join(tmpdir(), 'slipway-desk-'));
  into = await mkdtemp(join(tmpdir(), 'slipway-previews-'));
});
afterEach(async () => { for (const dir of [desk, into]) await rm(dir, { recursive: true }); });

test('what is saved is on the site within a second; faults are told and not shown; at the end nothing is left', async () => {
  const folder = await newLesson(desk, '30-mine');
  const site = await openLessons([into], () => {});
  const said: string[] = [];
  const stop = new AbortController();
  const running = previewLesson(folder, { into, signal: stop.signal, print: text => said.push(text) });
  const titles = () => site.all.map(({ title }) => title);
  const save = async (from: string, to: string) => writeFile(join(folder, 'lesson.md'), (await readFile(join(folder, 'lesson.md'), 'utf8')).replace(from, to));
  await expect.poll(titles, { timeout: 5000 }).toEqual(['Mine']);

  const begun = Date.now();
  await save('title: Mine', 'title: Better');
  await expect.poll(titles, { timeout: 5000, interval: 10 }).toEqual(['Better']);
  expect(Date.now() - begun).toBeLessThan(1000);

  await save('level: beginner', 'level: wizard');
  await expect.poll(() => said.join('\n'), { timeout: 5000 }).toMatch(/30-mine\/lesson\.md:5: level/);
  expect(titles()).toEqual(['Better']);

  stop.abort();
  await running;
  expect(await readdir(into)).toEqual([]);
  await expect.poll(titles, { timeout: 5000 }).toEqual([]);
  site.release();
});

test('what is no lesson is refused in words', async () => {
  const options = { into, signal: new AbortController().signal, print: () => {} };
  await expect(previewLesson(desk, options)).rejects.toThrow(/is no lesson's folder/);
});
