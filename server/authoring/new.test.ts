// The scaffold: what an author begins with is without fault.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { formatProblem } from '../../lessons/problem.ts';
import { loadLessons } from '../../lessons/load.ts';
import { checkLessons } from './check.ts';
import { newLesson } from './new.ts';

let root: string;
beforeAll(async () => { root = await mkdtemp(join(tmpdir(), 'slipway-new-')); });
afterAll(() => rm(root, { recursive: true }));

test('a new lesson has no fault, and takes the next number', async () => {
  expect(await newLesson(root, 'first-steps')).toBe(join(root, '10-first-steps'));
  expect(await newLesson(root, 'second')).toBe(join(root, '20-second'));
  expect(await newLesson(root, '15-between')).toBe(join(root, '15-between'));
  const { lessons, problems } = await loadLessons(root);
  expect(problems.map(formatProblem)).toEqual([]);
  expect(lessons.map(({ slug, title }) => [slug, title])).toEqual([['first-steps', 'First steps'], ['between', 'Between'], ['second', 'Second']]);
});

test('a name that is taken, or none, is refused in words', async () => {
  await expect(newLesson(root, '99-second')).rejects.toThrow(/there is a lesson second/);
  await expect(newLesson(root, 'Über uns')).rejects.toThrow(/cannot be a lesson's name/);
});

test('check says what it read, and answers 1 with the place of a fault', async () => {
  const said: string[] = [];
  const check = (folder: string) => checkLessons(folder, { labs: false, only: '', print: text => said.push(text) });
  expect(await check(join(root, '10-first-steps'))).toBe(0);
  expect(said[0]).toMatch(/^10-first-steps: “First steps”, 1 task, 1 question, 1 file, about 5 minutes \(1 of them reading \d+ words\); reading ease \d+, /);
  expect(await check(join(root, '77-nothing-here'))).toBe(1);
  expect(await check(tmpdir() + '/nowhere-at-all')).toBe(1);
  expect(said.at(-2)).toMatch(/nowhere-at-all:1: the folder of lessons cannot be read/);
});
