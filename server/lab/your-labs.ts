// A learner's labs, as their page "Your labs" shows them: lesson, state, disk, when last opened, and when they go; and the removal of one. Wired by main.ts.
import { z } from 'zod';
import { lessonIn } from '../../lessons/schema.ts';
import type { Language } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { LabEntry, Store } from '../data/store.ts';
import { type ApiRoutes, route } from '../http/api.ts';
import { BEFORE_COOKIE, readLearner } from '../http/cookie.ts';
import type { Lessons } from '../lessons.ts';
import type { SoonRemoved, YourLab, YourLabs } from '../site.ts';
import type { Engine } from './engine.ts';
import type { Policies } from './policy.ts';
import { removalOf } from './reclaim.ts';
import { Refusal } from './refusal.ts';
import type { Workspaces } from './workspaces.ts';

export interface YourLabsOptions { engine: Pick<Engine, 'listLabs' | 'figures'>; store: Pick<Store, 'labs'>; lessons: Pick<Lessons, 'bySlug'>; policies: Policies; secret: Buffer; now?: () => number; }

/** Newest first. Without an answer of the engine, what the database knows. */
export async function yourLabs({ engine, store, lessons, policies, secret, now = Date.now }: YourLabsOptions, cookieHeader: string | null, language: Language): Promise<YourLabs> {
  const learner = readLearner(cookieHeader, secret);
  const before = readLearner(cookieHeader, secret, BEFORE_COOKIE) !== undefined;
  if (!learner) return { id: '', labs: [], before, most: policies.guest.labs };
  const entries = (await store.labs(learner)).toReversed();
  const [known, figures] = entries.length ? await Promise.all([engine.listLabs(), engine.figures(entries.map(({ lab }) => lab))]).catch(() => [[], []]) : [[], []];
  const labs = entries.map((entry): YourLab => {
    const { lab, lastSeenAt } = entry;
    const { removesAt, lastChanceAt } = removalOf(lastSeenAt, policies[entry.role]);
    const state = known.find(({ id }) => id === lab)?.state;
    return {
      ...whatOf(entry, lessons, language),
      state: state === undefined ? 'unknown' : state === 'suspended' ? 'asleep' : 'running',
      diskBytes: figures.find(figure => figure.lab === lab)?.diskBytes ?? null,
      lastSeenAt: lastSeenAt.toISOString(), removesAt: new Date(removesAt).toISOString(), isLastChance: lastChanceAt <= now(),
    };
  });
  return { id: learner.slice(0, SHOWN), labs, before, most: policies[entries[0]?.role ?? 'guest'].labs };
}

/** Those that may go any day. The database knows them, so that the front page waits for no engine. */
export async function soonRemoved({ store, lessons, policies, secret, now = Date.now }: Omit<YourLabsOptions, 'engine'>, cookieHeader: string | null, language: Language): Promise<SoonRemoved[]> {
  const learner = readLearner(cookieHeader, secret);
  return (learner ? await store.labs(learner) : []).flatMap(entry => {
    const { removesAt, lastChanceAt } = removalOf(entry.lastSeenAt, policies[entry.role]);
    return lastChanceAt <= now() ? [{ ...whatOf(entry, lessons, language), removesAt: new Date(removesAt).toISOString() }] : [];
  });
}

function whatOf({ workspace, slug }: LabEntry, lessons: Pick<Lessons, 'bySlug'>, language: Language) {
  const lesson = slug === null ? undefined : lessons.bySlug(slug);
  return { workspace, title: lesson ? lessonIn(lesson, language).title : slug, href: slug === null ? '/play' : `/lessons/${slug}`, isThere: slug === null || lesson !== undefined };
}

/** Of a learner's id: enough for an operator to find it. */
const SHOWN = 12;

export const yourLabsRoutes = (workspaces: Pick<Workspaces, 'remove'>): ApiRoutes => ({
  '/api/labs/remove': route(z.object({ workspace: z.string().max(64) }), async ({ workspace }, { learner }) => {
    if ((await workspaces.remove(learner, workspace)) === 'open') throw new Refusal(say('labs.isOpen'));
    return { body: {} };
  }),
});
