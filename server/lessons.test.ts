// Lessons that come, change and break while the server runs.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Lesson } from '../lessons/schema.ts';
import { newLesson } from './authoring/new.ts';
import { openLessons, type Lessons } from './lessons.ts';

let own: string;
let extra: string;
let lessons: Lessons;
let problems: string[];
let changed: Lesson[];
beforeEach(async () => {
  own = await mkdtemp(join(tmpdir(), 'slipway-own-'));
  extra = await mkdtemp(join(tmpdir(), 'slipway-extra-'));
  await newLesson(own, '10-first');
  problems = [];
  changed = [];
  lessons = await openLessons([own, extra], text => problems.push(text));
  lessons.onChange(lesson => changed.push(lesson));
});
afterEach(async () => {
  lessons.release();
  for (const dir of [own, extra]) await rm(dir, { recursive: true });
});

const edit = async (folder: string, file: string, from: string, to: string) => writeFile(join(folder, file), (await readFile(join(folder, file), 'utf8')).replace(from, to));
const titles = () => lessons.all.map(({ title }) => title);
const soon = { timeout: 5000 };

test('a change is there within a second of saving, and told', async () => {
  const begun = Date.now();
  await edit(join(own, '10-first'), 'lesson.md', 'title: First', 'title: The very first');
  await expect.poll(titles, { ...soon, interval: 10 }).toEqual(['The very first']);
  expect(Date.now() - begun).toBeLessThan(1000);
  expect(changed.map(({ slug }) => slug)).toEqual(['first']);
});

test('a lesson that is put into an extra folder is there, and one that is taken away goes', async () => {
  const folder = await newLesson(extra, '20-second');
  await expect.poll(titles, soon).toEqual(['First', 'Second']);
  const gone: string[] = [];
  lessons.onRemove(slug => gone.push(slug));
  await rm(folder, { recursive: true });
  await expect.poll(titles, soon).toEqual(['First']);
  expect(gone).toEqual(['second']);
  await newLesson(extra, '20-second'); // pages that had it open go on
  await expect.poll(() => changed.map(({ slug }) => slug), soon).toEqual(['second', 'second']);
});

test('an extra folder may have its own version of a lesson', async () => {
  await cp(join(own, '10-first'), join(extra, '10-first'), { recursive: true });
  await edit(join(extra, '10-first'), 'lesson.md', 'title: First', 'title: Ours');
  await expect.poll(titles, soon).toEqual(['Ours']);
});

test('a lesson that breaks while it is written stays as it was until it is right again', async () => {
  await edit(join(own, '10-first'), 'tasks.yaml', 'check: {', 'check: { nonsense,');
  await expect.poll(() => problems.join('\n'), soon).toMatch(/^10-first\/tasks\.yaml:\d+: /m);
  expect(titles()).toEqual(['First']);
  await edit(join(own, '10-first'), 'tasks.yaml', 'check: { nonsense,', 'check: {');
  await edit(join(own, '10-first'), 'lesson.md', 'title: First', 'title: Mended');
  await expect.poll(titles, soon).toEqual(['Mended']);
});

test('a folder that is not there is told, and keeps nothing else from working', async () => {
  const told: string[] = [];
  const others = await openLessons([own, '/nowhere/at/all'], text => told.push(text));
  expect(others.all).toHaveLength(1);
  expect(told.join('\n')).toMatch(/\/nowhere\/at\/all:1: the folder of lessons cannot be read/);
  others.release();
});
