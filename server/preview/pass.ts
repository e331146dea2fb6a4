// Who may open a preview: the lab's owner, who shows it by a cookie of the preview's own origin. The site hands it over by a link that works once and
// for a minute, because its own cookie never reaches that origin. Both are signed and say which port of which lab they are for. A pane beside the
// terminal has a cookie of its own: within another site's page browsers send only such as are for that page (partitioned), and only over a safe way.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Target } from './address.ts';

export const PASS_COOKIE = 'slipway_preview';
export const PANE_COOKIE = 'slipway_pane';
export const ENTER_PATH = '/.slipway/enter';
const LINK_MS = 60_000;
const PASS_MS = 12 * 60 * 60_000;

export interface Passes {
  /** Path and query for the preview's origin. */
  link(target: Target, options?: { pane: boolean }): string;
  /** The cookie to set when the link is good and unused. */
  enter(target: Target, token: string, options: { secure: boolean }): string | undefined;
  mayEnter(target: Target, cookieHeader: string | undefined): boolean;
  /** In a pane of the site's own page. */
  mayShow(target: Target, cookieHeader: string | undefined): boolean;
}

export function createPasses(secret: Buffer, now: () => number = Date.now): Passes {
  const used = new Map<string, number>(); // token → when it ends anyway
  const sign = (kind: string, { lab, port }: Target, rest: string) => createHmac('sha256', secret).update(`preview ${kind} ${lab} ${port} ${rest}`).digest('base64url');
  const isGood = (kind: string, target: Target, value: string): boolean => {
    const [until = '', nonce = '', signature = ''] = value.split('.');
    const [mine, theirs] = [Buffer.from(sign(kind, target, `${until} ${nonce}`)), Buffer.from(signature)];
    return mine.length === theirs.length && timingSafeEqual(mine, theirs) && Number(until) > now();
  };
  const make = (kind: string, target: Target, ms: number) => {
    const [until, nonce] = [now() + ms, randomBytes(12).toString('base64url')];
    return `${until}.${nonce}.${sign(kind, target, `${until} ${nonce}`)}`;
  };
  const has = (cookie: string, kind: string, target: Target, header = '') => header.split(';').some(part => {
    const [name, ...value] = part.trim().split('=');
    return name === cookie && isGood(kind, target, value.join('='));
  });
  return {
    link: (target, { pane } = { pane: false }) => `${ENTER_PATH}?token=${make(pane ? 'pane link' : 'link', target, LINK_MS)}`,
    enter(target, token, { secure }) {
      for (const [old, until] of used) if (until < now()) used.delete(old);
      const pane = isGood('pane link', target, token);
      if ((!pane && !isGood('link', target, token)) || used.has(token)) return undefined;
      used.set(token, now() + LINK_MS);
      if (pane) return `${PANE_COOKIE}=${make('pane', target, PASS_MS)}; Path=/; Max-Age=${PASS_MS / 1000}; HttpOnly; Secure; SameSite=None; Partitioned`;
      return `${PASS_COOKIE}=${make('pass', target, PASS_MS)}; Path=/; Max-Age=${PASS_MS / 1000}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    },
    mayEnter: (target, cookieHeader) => has(PASS_COOKIE, 'pass', target, cookieHeader),
    mayShow: (target, cookieHeader) => has(PANE_COOKIE, 'pane', target, cookieHeader),
  };
}
