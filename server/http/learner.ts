// Who is asking: the learner of a request's cookie, or a new one who gets a cookie with the answer. And from where, for rate limits.
import type { IncomingMessage } from 'node:http';
import { newLearnerId, readLearner, setCookie, signLearner, COOKIE } from './cookie.ts';

export interface Visitor {
  learner: string;
  /** To be sent as Set-Cookie; absent when the learner has a good cookie already. */
  cookie?: string;
}

export interface Visitors {
  of(request: IncomingMessage): Visitor;
  addressOf(request: IncomingMessage): string;
  isHttps(request: IncomingMessage): boolean;
}

export function createVisitors(options: { secret: Buffer; publicUrl: URL | undefined; trustProxy: boolean }): Visitors {
  const visitors: Visitors = {
    of(request) {
      const known = readLearner(request.headers.cookie, options.secret);
      if (known) return { learner: known };
      const learner = newLearnerId();
      // The page that is rendered for this very request already belongs to the new learner.
      request.headers.cookie = [request.headers.cookie, `${COOKIE}=${signLearner(learner, options.secret)}`].filter(Boolean).join('; ');
      return { learner, cookie: setCookie(learner, options.secret, { secure: visitors.isHttps(request) }) };
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
