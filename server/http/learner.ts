// Who is asking: the learner of a request's cookie, or a new one who gets a cookie with the answer. And from where, for rate limits. A session that was ended is
// nobody: its cookies are taken off the request before anybody else reads it.
import type { IncomingMessage } from 'node:http';
import { BEFORE_COOKIE, COOKIE, newLearnerId, readSession, setCookie, signLearner, withoutCookie } from './cookie.ts';
import type { EndedSessions } from './ended.ts';

export interface Visitor {
  learner: string;
  /** To be sent as Set-Cookie; absent when the learner has a good cookie already. */
  cookie?: string;
  /** Of the learner's sessions, one that a resume link began. */
  session?: string;
  /** It was somebody until its session was ended. */
  wasEnded: boolean;
}

export interface Visitors {
  /** Before anything else is done with a request. Idempotent. */
  dropEnded(request: IncomingMessage): void;
  /** Only who has a good cookie already. */
  known(request: IncomingMessage): string | undefined;
  of(request: IncomingMessage): Visitor;
  addressOf(request: IncomingMessage): string;
  isHttps(request: IncomingMessage): boolean;
}

export function createVisitors(options: { secret: Buffer; publicUrl: URL | undefined; trustProxy: boolean; ended: Pick<EndedSessions, 'has'> }): Visitors {
  const dropped = new WeakSet<IncomingMessage>();
  const visitors: Visitors = {
    dropEnded(request) {
      for (const name of [COOKIE, BEFORE_COOKIE]) {
        const session = readSession(request.headers.cookie, options.secret, name)?.session;
        if (session === undefined || !options.ended.has(session)) continue;
        request.headers.cookie = withoutCookie(request.headers.cookie, name);
        if (name === COOKIE) dropped.add(request);
      }
    },
    known(request) {
      visitors.dropEnded(request);
      return readSession(request.headers.cookie, options.secret)?.learner;
    },
    of(request) {
      visitors.dropEnded(request);
      const wasEnded = dropped.has(request);
      const known = readSession(request.headers.cookie, options.secret);
      if (known) return { ...known, wasEnded };
      const learner = newLearnerId();
      // The page that is rendered for this very request already belongs to the new learner.
      request.headers.cookie = [request.headers.cookie, `${COOKIE}=${signLearner(learner, options.secret)}`].filter(Boolean).join('; ');
      return { learner, wasEnded, cookie: setCookie(learner, options.secret, { secure: visitors.isHttps(request) }) };
    },
    addressOf(request) {
      const forwarded = options.trustProxy ? lastOf(request.headers['x-forwarded-for']) : undefined;
      return forwarded ?? request.socket.remoteAddress ?? '?';
    },
    isHttps(request) {
      if (options.publicUrl) return options.publicUrl.protocol === 'https:';
      return options.trustProxy && lastOf(request.headers['x-forwarded-proto']) === 'https';
    },
  };
  return visitors;
}

/** What the nearest proxy said; what stands before it may be the client's own invention. */
function lastOf(header: string | string[] | undefined): string | undefined {
  return [header].flat().join(',').split(',').at(-1)?.trim() || undefined;
}
