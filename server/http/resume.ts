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
import { BEFORE_COOKIE, newSessionId, readSession, type Session, setCookie } from './cookie.ts';
import type { EndedSessions } from './ended.ts';

const TOKEN_BYTES = 32;
const VALID_MS = 24 * 60 * 60_000;
/** The former learner of a browser stays within reach for so long. */
const BEFORE_SECONDS = 30 * 86_400;

const token = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });
const place = z.object({ place: z.string().regex(/^\/(?:play|labs|lessons\/[a-z0-9-]{1,80})$/) });
const none = z.object({});

/** How much somebody has here, to choose by. */
export interface Belongings { labs: number; done: number; }
/** A link that is good until then, and since when other browsers are this learner by one, newest first. */
export interface ResumeNow { validUntil: string | null; others: string[]; }
export interface ResumeLook { place: string; /** Of the link, and of this browser so far. */ theirs: Belongings; mine: Belongings; same: boolean; }

export interface ResumeOptions { store: Pick<Store, 'labs' | 'progress'>; links: ResumeLinks; secret: Buffer; ended: Pick<EndedSessions, 'add'>; isHttps(request: IncomingMessage): boolean; /** A browser is this learner no more. */ signedOut(learner: string): Promise<void>; now?: () => Date; }

export function resumeRoutes({ store, links, secret, ended, isHttps, signedOut, now = () => new Date() }: ResumeOptions): ApiRoutes {
  const belongings = async (learner: string): Promise<Belongings> => {
    const [labs, progress] = await Promise.all([store.labs(learner), store.progress(learner)]);
    return { labs: labs.length, done: Object.values(progress).reduce((all, { done }) => all + done.length, 0) };
  };
  /** Who has nothing here is not remembered. */
  const become = async (request: IncomingMessage, to: Session, from: Session): Promise<{ cookies: string[] }> => {
    const secure = isHttps(request);
    const { labs, done } = await belongings(from.learner);
    await signedOut(from.learner);
    return { cookies: [setCookie(to.learner, secret, { secure, session: to.session }), ...(labs + done > 0 ? [setCookie(from.learner, secret, { secure, name: BEFORE_COOKIE, maxAgeSeconds: BEFORE_SECONDS, session: from.session })] : [])] };
  };
  /** Browsers that a link made this learner, but for the one that asks. */
  const others = async (learner: string, session: string | undefined) => (await links.sessions(learner)).filter(({ id }) => id !== session);
  return {
    '/api/resume/current': route(none, async (_, { learner, session }) => ({
      body: { validUntil: (await links.validUntil(learner, now()))?.toISOString() ?? null, others: (await others(learner, session)).map(({ since }) => since.toISOString()) } satisfies ResumeNow,
    })),

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

    /** Also links that are not used yet: whoever had a session may have made one. */
    '/api/resume/sign-out': route(none, async (_, { learner, session }) => {
      await links.revoke(learner);
      const sessions = (await others(learner, session)).map(({ id }) => id);
      await links.end(sessions);
      ended.add(sessions);
      await signedOut(learner);
      return { body: {} };
    }),

    '/api/resume/look': route(token, async (asked, { learner }) => {
      const link = await links.find(hash(asked.token), now());
      if (!link) throw new Refusal(say('resume.invalid'));
      const [theirs, mine] = await Promise.all([belongings(link.learner), belongings(learner)]);
      return { body: { place: link.place, theirs, mine, same: link.learner === learner } satisfies ResumeLook };
    }),

    '/api/resume/accept': route(token, async (asked, { learner, session, request }) => {
      const link = await links.take(hash(asked.token), now());
      if (!link) throw new Refusal(say('resume.invalid'));
      if (link.learner === learner) return { body: { place: link.place } };
      const begun = newSessionId();
      await links.begin(begun, link.learner);
      return { body: { place: link.place }, ...await become(request, { learner: link.learner, session: begun }, { learner, ...(session === undefined ? {} : { session }) }) };
    }),

    /** Whoever this browser was before; and from there back again. */
    '/api/resume/back': route(none, async (_, { learner, session, request }) => {
      const before = readSession(request.headers.cookie, secret, BEFORE_COOKIE);
      if (!before) throw new Refusal(say('resume.nobodyBefore'));
      return { body: {}, ...await become(request, before, { learner, ...(session === undefined ? {} : { session }) }) };
    }),
  };
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
