// The learner's cookie: a random id and its HMAC. Whoever holds it is that learner; there is no account. One that came by a resume link also names the session
// that this began, which can be ended (http/learner.ts); the learner's first browser has none.
// Pure functions; http/learner.ts sets and reads it.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const COOKIE = 'slipway_learner';
/** Who this browser was before it opened a resume link: signed alike, read only to go back. */
export const BEFORE_COOKIE = 'slipway_before';
/** Browsers cap at 400 days (https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#section-5.5). */
const MAX_AGE_SECONDS = 400 * 86_400;
const ID_BYTES = 16;
const SESSION_BYTES = 8;

export interface Session { learner: string; session?: string; }

export const newLearnerId = () => randomBytes(ID_BYTES).toString('hex');

export const newSessionId = () => randomBytes(SESSION_BYTES).toString('hex');

export const signLearner = (id: string, secret: Buffer, session?: string) => {
  const text = session === undefined ? id : `${id}-${session}`;
  return `${text}.${mac(text, secret)}`;
};

/** The learner whose cookie stands in this Cookie header; undefined when there is none or it is not ours. */
export const readLearner = (cookieHeader: string | undefined | null, secret: Buffer, cookie = COOKIE): string | undefined => readSession(cookieHeader, secret, cookie)?.learner;

export function readSession(cookieHeader: string | undefined | null, secret: Buffer, cookie = COOKIE): Session | undefined {
  for (const part of (cookieHeader ?? '').split(';')) {
    const [name, value] = split(part.trim(), '=');
    if (name !== cookie) continue;
    const [text, signature] = split(value, '.');
    const [, learner, session] = /^([0-9a-f]{32})(?:-([0-9a-f]{16}))?$/.exec(text) ?? [];
    if (learner !== undefined && sameText(signature, mac(text, secret))) return { learner, ...(session === undefined ? {} : { session }) };
  }
  return undefined;
}

export function setCookie(id: string, secret: Buffer, options: { secure: boolean; name?: string; maxAgeSeconds?: number; session?: string | undefined }): string {
  return `${options.name ?? COOKIE}=${signLearner(id, secret, options.session)}; Path=/; Max-Age=${options.maxAgeSeconds ?? MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${options.secure ? '; Secure' : ''}`;
}

/** The header without a cookie. */
export const withoutCookie = (cookieHeader: string | undefined, cookie: string): string => (cookieHeader ?? '').split(';').filter(part => split(part.trim(), '=')[0] !== cookie).join(';').trim();

const mac = (id: string, secret: Buffer) => createHmac('sha256', secret).update(`learner:${id}`).digest('base64url');

/** In constant time for texts of one length; a signature's length is no secret. */
function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function split(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
