// Opening a port by its address on the site, `/ports/<lab>/<port>`: for whose lab it is, from wherever they are, and for instructors, who are given the address by a
// learner. It says and opens nothing for others. The page asks by POST (http/api.ts); wired by main.ts.
import { z } from 'zod';
import { lessonIn } from '../../lessons/schema.ts';
import type { Language } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { Store } from '../data/store.ts';
import { type ApiRoutes, route } from '../http/api.ts';
import { readLearner } from '../http/cookie.ts';
import { Refusal } from '../lab/refusal.ts';
import type { Lessons } from '../lessons.ts';
import type { PortPage } from '../site.ts';
import type { Target } from './address.ts';
import type { Previews } from './previews.ts';

const targetSchema = z.object({ lab: z.string().regex(/^[a-z0-9]{1,40}$/), port: z.number().int().min(1).max(65_535) });

/** As much of an id as learners see of their own. */
const SHOWN = 12;

/** One look for who it is: whoever is neither learns nothing of the lab. */
async function whoIs(store: Pick<Store, 'labs' | 'roleOf'>, learner: string | undefined, { lab }: Target) {
  const entry = learner === undefined ? undefined : (await store.labs()).find(one => one.lab === lab);
  if (!entry || learner === undefined) return undefined;
  if (entry.learner === learner) return { who: 'owner' as const, entry };
  return (await store.roleOf(learner)) === 'instructor' ? { who: 'instructor' as const, entry } : undefined;
}

export async function portPage({ store, lessons, secret }: { store: Pick<Store, 'labs' | 'roleOf'>; lessons: Pick<Lessons, 'bySlug'>; secret: Buffer }, cookieHeader: string | null, language: Language, target: Target): Promise<PortPage | undefined> {
  if (!targetSchema.safeParse(target).success) return undefined;
  const found = await whoIs(store, readLearner(cookieHeader, secret), target);
  if (!found) return { who: 'stranger', title: null, href: '/', owner: '' };
  const { slug, learner } = found.entry;
  const lesson = slug === null ? undefined : lessons.bySlug(slug);
  return { who: found.who, title: lesson ? lessonIn(lesson, language).title : slug, href: slug === null ? '/play' : `/lessons/${slug}`, owner: learner.slice(0, SHOWN) };
}

export const visitRoutes = ({ store, openFor }: { store: Pick<Store, 'labs' | 'roleOf'>; openFor: Previews['openFor'] }): ApiRoutes => ({
  '/api/ports/open': route(targetSchema, async (target, { learner, request }) => {
    const found = await whoIs(store, learner, target);
    if (!found) throw new Refusal(say('port.notYours'));
    return { body: openFor(learner, target, request, { visit: found.who === 'instructor' }) };
  }),
});
