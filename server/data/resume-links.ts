// Links that make another browser the same learner, as they are kept: a hash, whose, until when. At most one for each learner, good once.
// What a link carries is made and hashed in http/resume.ts and never comes here.
import { type Db, whenBusyAgain } from './client.ts';

export interface ResumeLink { learner: string; place: string; expiresAt: Date; }

export interface ResumeLinks {
  /** In place of an earlier one. */
  make(hash: string, link: ResumeLink): Promise<void>;
  revoke(learner: string): Promise<void>;
  /** Until when the learner's link is good; null when there is none. */
  validUntil(learner: string, now: Date): Promise<Date | null>;
  find(hash: string, now: Date): Promise<ResumeLink | undefined>;
  /** The same, once: whoever takes it has it, and nobody else ever will. */
  take(hash: string, now: Date): Promise<ResumeLink | undefined>;
  /** A browser has become the learner by a link. */
  begin(session: string, learner: string): Promise<void>;
  /** Browsers that did, newest first, and are not ended. */
  sessions(learner: string): Promise<{ id: string; since: Date }[]>;
  end(sessions: readonly string[]): Promise<void>;
  /** Those that were ended and whose cookies may still be about. */
  ended(): Promise<string[]>;
}

export function createResumeLinks(db: Db): ResumeLinks {
  const valid = (hash: string, now: Date) => db.resumeLink.findFirst({ where: { hash, expiresAt: { gt: now } } });
  const linkOf = (row: { learnerId: string; place: string; expiresAt: Date } | null) => (row ? { learner: row.learnerId, place: row.place, expiresAt: row.expiresAt } : undefined);
  return {
    make: (hash, { learner, place, expiresAt }) => whenBusyAgain(async () => {
      await db.$transaction([
        db.learner.upsert({ where: { id: learner }, create: { id: learner }, update: {} }),
        db.resumeLink.deleteMany({ where: { OR: [{ learnerId: learner }, { expiresAt: { lte: new Date() } }] } }),
        db.resumeLink.create({ data: { hash, learnerId: learner, place, expiresAt } }),
      ]);
    }),
    revoke: learner => whenBusyAgain(async () => void await db.resumeLink.deleteMany({ where: { learnerId: learner } })),
    validUntil: (learner, now) => whenBusyAgain(async () => (await db.resumeLink.findFirst({ where: { learnerId: learner, expiresAt: { gt: now } } }))?.expiresAt ?? null),
    find: (hash, now) => whenBusyAgain(async () => linkOf(await valid(hash, now))),
    take: async (hash, now) => {
      const link = linkOf(await whenBusyAgain(() => valid(hash, now)));
      return link && (await whenBusyAgain(() => db.resumeLink.deleteMany({ where: { hash } }))).count === 1 ? link : undefined;
    },
    begin: (session, learner) => whenBusyAgain(async () => void await db.resumedSession.create({ data: { id: session, learnerId: learner } })),
    sessions: learner => whenBusyAgain(async () => (await db.resumedSession.findMany({ where: { learnerId: learner, endedAt: null }, orderBy: { createdAt: 'desc' } })).map(({ id, createdAt }) => ({ id, since: createdAt }))),
    end: sessions => whenBusyAgain(async () => void await db.resumedSession.updateMany({ where: { id: { in: [...sessions] } }, data: { endedAt: new Date() } })),
    ended: () => whenBusyAgain(async () => (await db.resumedSession.findMany({ where: { endedAt: { not: null } }, select: { id: true } })).map(({ id }) => id)),
  };
}
