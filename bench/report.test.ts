import { expect, test } from 'vitest';
import { summarise } from './report.ts';

test('percentiles are samples that were really measured', () => {
  const samples = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(summarise(samples)).toEqual({ runs: 100, p50: 50, p95: 95, p99: 99, max: 100 });
});

test('one sample is all percentiles', () => {
  expect(summarise([3])).toEqual({ runs: 1, p50: 3, p95: 3, p99: 3, max: 3 });
});
