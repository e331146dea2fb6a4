import { describe, expect, it } from 'vitest';
import { healthCommand, nextHealth } from './health.ts';
import type { Health } from './model.ts';

describe('the command of a health check', () => {
  it.each<[string[] | null, string[] | null]>([
    [null, null], [[], null], [['NONE'], null], [['CMD', 'a', 'b'], ['a', 'b']], [['CMD-SHELL', 'a | b'], ['/bin/sh', '-c', 'a | b']],
  ])('of %j is %j', (Test, expected) => {
    expect(healthCommand({ Healthcheck: { Test }, Shell: null })).toEqual(expected);
  });
});

describe('health', () => {
  const health = (status: Health['status'], failingStreak: number): Health => ({ status, failingStreak, log: [] });
  it.each<[Health, number, boolean, Health['status'], number]>([
    [health('starting', 0), 0, true, 'healthy', 0], [health('starting', 0), 1, true, 'starting', 0], [health('starting', 0), 1, false, 'starting', 1],
    [health('starting', 2), 1, false, 'unhealthy', 3], [health('healthy', 0), 1, true, 'healthy', 1], [health('healthy', 2), 1, false, 'unhealthy', 3], [health('unhealthy', 7), 0, false, 'healthy', 0],
  ])('after %j and exit code %i (start period: %s) is %s', (before, exitCode, inStartPeriod, status, failingStreak) => {
    expect(nextHealth(before, exitCode, { retries: 3, inStartPeriod })).toEqual({ status, failingStreak });
  });
});
