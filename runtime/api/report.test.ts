import { expect, test } from 'vitest';
import type { ApiCall, JournalEntry } from '../lab/control.ts';
import { createReporter } from './report.ts';

const call = (method: string, path: string, status = 200): ApiCall => ({ method, path, query: {}, status, timeNano: 0 });
const eventless = { subscribe: () => () => {} };

test('a question asked again and again is told once, until there was a pause', () => {
  const told: string[] = [];
  let now = 0;
  const report = createReporter({ ...eventless, call: c => told.push(`${c.path} ${c.status}`) }, () => now);
  for (; now < 10_000; now += 1000) report(call('GET', '/a'));
  expect(told).toEqual(['/a 200']);
  now += 5000;
  report(call('GET', '/a'));
  expect(told).toEqual(['/a 200', '/a 200']);
});

test('another answer, another question and every act are told', () => {
  const told: string[] = [];
  const report = createReporter({ ...eventless, call: c => told.push(`${c.method} ${c.path} ${c.status}`) }, () => 0);
  for (const c of [call('GET', '/a'), call('GET', '/a', 404), call('GET', '/b'), call('POST', '/a'), call('POST', '/a'), call('DELETE', '/a', 409)]) report(c);
  expect(told).toEqual(['GET /a 200', 'GET /a 404', 'GET /b 200', 'POST /a 200', 'POST /a 200', 'DELETE /a 409']);
});

test('the same question after an act or an event is a new one', () => {
  const told: string[] = [];
  let heard: (entry: JournalEntry) => void = () => {};
  const report = createReporter({ call: c => told.push(`${c.method} ${c.path}`), subscribe: listener => { heard = listener; return () => {}; } }, () => 0);
  for (const c of [call('GET', '/a'), call('POST', '/b'), call('GET', '/a'), call('GET', '/a')]) report(c);
  expect(told).toEqual(['GET /a', 'POST /b', 'GET /a']);
  heard({ kind: 'event', seq: 1, event: { Type: 'container', Action: 'die', Actor: { ID: 'c', Attributes: {} }, scope: 'local', time: 0, timeNano: 0 } });
  report(call('GET', '/a'));
  expect(told.at(-1)).toBe('GET /a');
  expect(told).toHaveLength(4);
});
