import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RECIPES, tagsOf, upstreamVersion } from './recipes.ts';

test.each([['1.22.1-9+deb12u11', '1.22.1'], ['5:7.0.15-1~deb12u10', '7.0.15'], ['20.19.2+dfsg-1', '20.19.2'], ['15.20-0+deb12u1', '15.20'], ['3.11.2-6', '3.11.2']])('%s is version %s', (version, upstream) => {
  expect(upstreamVersion(version)).toBe(upstream);
});

test('tags of a version, the shorter ones for the newest alone', () => {
  expect(tagsOf({ repository: 'nginx', precision: [3, 2], latest: false }, '1.22.1')).toEqual(['nginx:1.22.1', 'nginx:1.22']);
  expect(tagsOf({ repository: 'node', precision: [2, 1], latest: true, slim: true }, '20.19')).toEqual(['node:20.19', 'node:20', 'node:latest', 'node:20.19-slim', 'node:20-slim', 'node:slim']);
});

test('each recipe has a name of its own, and its folder a Dockerfile', () => {
  expect(new Set(RECIPES.map(recipe => recipe.name)).size).toBe(RECIPES.length);
  for (const { folder } of RECIPES) expect(readdirSync(join(import.meta.dirname, folder))).toContain('Dockerfile');
});

test('of each repository one image is the latest', () => {
  for (const repository of new Set(RECIPES.map(recipe => recipe.repository))) expect(RECIPES.filter(recipe => recipe.repository === repository && recipe.latest), repository).toHaveLength(1);
});
