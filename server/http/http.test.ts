import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COOKIE, newLearnerId, readLearner, setCookie, signLearner } from './cookie.ts';
import { isOwnOrigin } from './origin.ts';
import { createRateLimit } from './rate.ts';
import { loadSecret } from './secret.ts';

const secret = Buffer.alloc(32, 7);
const id = newLearnerId();
const good = `${COOKIE}=${signLearner(id, secret)}`;

test('a signed cookie names its learner, also among other cookies', () => {
  expect(readLearner(good, secret)).toBe(id);
  expect(readLearner(`theme=dark; ${good}; a=b`, secret)).toBe(id);
});

test.each([
  ['no cookie', undefined],
  ['an unsigned id', `${COOKIE}=${id}`],
  ['an id with an empty signature', `${COOKIE}=${id}.`],
  ['somebody else\'s id with this signature', good.replace(id, newLearnerId())],
  ['a signature that is cut short', good.slice(0, -1)],
  ['a signature that goes on', `${good}A`],
  ['another name', good.replace(COOKIE, 'other')],
  ['a signature of non-ASCII letters', `${COOKIE}=${id}.${'é'.repeat(43)}`],
])('%s is nobody', (_, header) => expect(readLearner(header, secret)).toBeUndefined());

test('a cookie signed with another key is nobody', () => expect(readLearner(good, Buffer.alloc(32, 8))).toBeUndefined());

test('the cookie is out of reach of scripts and other sites, and secure where there is TLS', () => {
  expect(setCookie(id, secret, { secure: false })).toMatch(/; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
  expect(setCookie(id, secret, { secure: true })).toMatch(/; Secure$/);
});

test.each([
  ['our page', { host: 'lab.local:3000', origin: 'http://lab.local:3000' }, undefined, true],
  ['our page behind TLS', { host: 'lab.school.example', origin: 'https://lab.school.example' }, undefined, true],
  ['our public address behind a proxy that changes Host', { host: '127.0.0.1:3000', origin: 'https://lab.school.example' }, 'https://lab.school.example/', true],
  ['a program without Origin', { host: 'lab.local:3000' }, undefined, true],
  ['another site', { host: 'lab.local:3000', origin: 'http://evil.example' }, undefined, false],
  ['another port', { host: 'lab.local:3000', origin: 'http://lab.local:8080' }, undefined, false],
  ['a sandboxed frame', { host: 'lab.local:3000', origin: 'null' }, undefined, false],
  ['another site that hides its Origin', { host: 'lab.local:3000', 'sec-fetch-site': 'cross-site' }, undefined, false],
  ['a sister site', { host: 'lab.local:3000', 'sec-fetch-site': 'same-site' }, undefined, false],
] as const)('%s: own origin or not', (_, headers, url, expected) => expect(isOwnOrigin(headers, url ? new URL(url) : undefined)).toBe(expected));

test('a rate limit allows a burst, then its rate, each key for itself', () => {
  let now = 0;
  const limit = createRateLimit({ burst: 2, perMinute: 60, now: () => now });
  expect([limit.take('a'), limit.take('a'), limit.take('a'), limit.take('b')]).toEqual([true, true, false, true]);
  now += 1000;
  expect([limit.take('a'), limit.take('a')]).toEqual([true, false]);
});

test('the secret is made once, kept, and readable by its owner alone', () => {
  const dir = mkdtempSync('/tmp/slipway-secret-');
  try {
    const first = loadSecret(dir);
    expect(first.length).toBe(32);
    expect(loadSecret(dir)).toEqual(first);
    expect(statSync(join(dir, 'cookie-secret')).mode & 0o777).toBe(0o600);
    writeFileSync(join(dir, 'cookie-secret'), 'short');
    expect(() => loadSecret(dir)).toThrow(/damaged/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
