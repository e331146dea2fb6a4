import { expect, test } from 'vitest';
import { humanDuration } from './human-duration.ts';

const S = 1000, M = 60 * S, H = 60 * M, D = 24 * H;
test.each([
  [0, 'Less than a second'], [S, '1 second'], [45 * S, '45 seconds'], [59.9 * S, '59 seconds'], [M, 'About a minute'], [119 * S, 'About a minute'], [2 * M, '2 minutes'],
  [59 * M, '59 minutes'], [H, 'About an hour'], [89 * M, 'About an hour'], [90 * M, '2 hours'], [47 * H, '47 hours'], [3 * D, '3 days'], [20 * D, '2 weeks'], [70 * D, '2 months'], [800 * D, '2 years'],
] as [number, string][])('%d ms is %s', (ms, text) => {
  expect(humanDuration(ms)).toBe(text);
});
