import { expect, test } from 'vitest';
import type { LabEntry } from '../data/store.ts';
import { COOKIE, newLearnerId, signLearner } from '../http/cookie.ts';
import { createTestEngine } from '../testing/engine.ts';
import { policiesFrom } from './policy.ts';
import { soonRemoved, yourLabs } from './your-labs.ts';

const secret = Buffer.alloc(32, 5);
const ada = newLearnerId();
const cookie = `${COOKIE}=${signLearner(ada, secret)}`;
const DAY = 86_400_000;
const now = Date.UTC(2026, 10, 21);

async function asked(ages: [slug: string | null, days: number][], away = false) {
  const engine = createTestEngine();
  const labs: LabEntry[] = [];
  for (const [slug, days] of ages) {
    const { id } = await engine.createLab({ name: 'learner-x', profile: 'strict' });
    labs.push({ workspace: `of ${slug}`, lab: id, learner: ada, role: 'guest', slug, lastSeenAt: new Date(now - days * DAY) });
  }
  if (labs[0]) await engine.suspendLab(labs[0].lab);
  engine.away(away);
  const options = { engine, store: { labs: async () => labs }, lessons: { bySlug: () => undefined }, policies: policiesFrom({ guest: 'keep=7d last-chance=2d' }), secret, now: () => now };
  const answer = { view: await yourLabs(options, cookie, 'en'), soon: await soonRemoved(options, cookie, 'en') };
  engine.release();
  return answer;
}

test('each lab with its state, disk, and the day it goes; the last opened first', async () => {
  const { view, soon } = await asked([['old', 5.5], [null, 1]]);
  expect(view.id).toBe(ada.slice(0, 12));
  expect(view.labs).toEqual([
    { workspace: 'of null', title: null, href: '/play', isThere: true, state: 'running', diskBytes: 1 << 20, lastSeenAt: '2026-11-20T00:00:00.000Z', removesAt: '2026-11-27T00:00:00.000Z', isLastChance: false },
    { workspace: 'of old', title: 'old', href: '/lessons/old', isThere: false, state: 'asleep', diskBytes: 1 << 20, lastSeenAt: '2026-11-15T12:00:00.000Z', removesAt: '2026-11-22T12:00:00.000Z', isLastChance: true },
  ]);
  expect(soon).toEqual([{ workspace: 'of old', title: 'old', href: '/lessons/old', isThere: false, removesAt: '2026-11-22T12:00:00.000Z' }]);
});

test('without an engine what is known is told', async () => {
  const { view, soon } = await asked([['old', 6]], true);
  expect(view.labs).toMatchObject([{ state: 'unknown', diskBytes: null, isLastChance: true }]);
  expect(soon).toHaveLength(1);
});

test('a stranger has nothing', async () => {
  const engine = createTestEngine();
  expect(await yourLabs({ engine, store: { labs: async () => { throw new Error('not to be asked'); } }, lessons: { bySlug: () => undefined }, policies: policiesFrom(), secret }, null, 'en')).toEqual({ id: '', labs: [], before: false, most: 4 });
  engine.release();
});
