// "Continue on another device": a link that makes another browser the same learner. What it carries stands after the # of its address, which no browser sends to any
// server: it is in no log, no Referer, and no preview of the link can use it up. Accepting is one POST. Requests come through api.ts, which has checked where from.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { say } from '../../texts/server.ts';
import type { ResumeLinks } from '../data/resume-links.ts';
import type { Store } from '../data/store.ts';
import { Refusal } from '../lab/refusal.ts';
import { type ApiRoutes, route } from './api.ts';
import { BEFORE_COOKIE, readLearner, setCookie } from './cookie.ts';

const TOKEN_BYTES = 32;
const VALID_MS = 24 * 60 * 60_000;
/** The former learner of a browser stays within reach for so long. */
const BEFORE_SECONDS = 30 * 86_400;

const token = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });
const place = z.object({ place: z.string().regex(/^\/(?:play|labs|lessons\/[a-z0-9-]{1,80})$/) });
const none = z.object({});

/** How much somebody has here, to choose by. */
export interface Belongings { labs: number; done: number; }
export interface ResumeLook { place: string; /** Of the link, and of this browser so far. */ theirs: Belongings; mine: Belongings; same: boolean; }

export interface ResumeOptions { store: Pick<Store, 'labs' | 'progress'>; links: ResumeLinks; secret: Buffer; isHttps(request: IncomingMessage): boolean; /** A browser is this learner no more. */ signedOut(learner: string): Promise<void>; now?: () => Date; }

export function resumeRoutes({ store, links, secret, isHttps, signedOut, now = () => new Date() }: ResumeOptions): ApiRoutes {
  const belongings = async (learner: string): Promise<Belongings> => {
    const [labs, progress] = await Promise.all([store.labs(learner), store.progress(learner)]);
    return { labs: labs.length, done: Object.values(progress).reduce((all, { done }) => all + done.length, 0) };
  };
  /** Who has nothing here is not remembered. */
  const become = async (request: IncomingMessage, learner: string, before: string): Promise<{ cookies: string[] }> => {
    const secure = isHttps(request);
    const { labs, done } = await belongings(before);
    await signedOut(before);
    return { cookies: [setCookie(learner, secret, { secure }), ...(labs + done > 0 ? [setCookie(before, secret, { secure, name: BEFORE_COOKIE, maxAgeSeconds: BEFORE_SECONDS })] : [])] };
  };
  return {
    '/api/resume/current': route(none, async (_, { learner }) => ({ body: { validUntil: (await links.validUntil(learner, now()))?.toISOString() ?? null } })),

    '/api/resume/make': route(place, async (asked, { learner }) => {
      const made = randomBytes(TOKEN_BYTES).toString('base64url');
      const expiresAt = new Date(now().getTime() + VALID_MS);
      await links.make(hash(made), { learner, place: asked.place, expiresAt });
      return { body: { token: made, validUntil: expiresAt.toISOString() } };
    }),

    '/api/resume/revoke': route(none, async (_, { learner }) => {
      await links.revoke(learner);
      return { body: {} };
    }),

    '/api/resume/look': route(token, async (asked, { learner }) => {
      const link = await links.find(hash(asked.token), now());
      if (!link) throw new Refusal(say('resume.invalid'));
      const [theirs, mine] = await Promise.all([belongings(link.learner), belongings(learner)]);
      return { body: { place: link.place, theirs, mine, same: link.learner === learner } satisfies ResumeLook };
    }),

    '/api/resume/accept': route(token, async (asked, { learner, request }) => {
      const link = await links.take(hash(asked.token), now());
      if (!link) throw new Refusal(say('resume.invalid'));
      return { body: { place: link.place }, ...(link.learner === learner ? {} : await become(request, link.learner, learner)) };
    }),

    /** Whoever this browser was before; and from there back again. */
    '/api/resume/back': route(none, async (_, { learner, request }) => {
      const before = readLearner(request.headers.cookie, secret, BEFORE_COOKIE);
      if (!before) throw new Refusal(say('resume.nobodyBefore'));
      return { body: {}, ...await become(request, before, learner) };
    }),
  };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
