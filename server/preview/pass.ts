// Who may open a preview: the lab's owner, and instructors. On a preview's own origin they show it by a cookie of that origin, which the site hands over by
// a link that works once and for a minute, because its own cookie never reaches that origin. A pane beside the terminal has a cookie of its own: within
// another site's page browsers send only such as are for that page (partitioned), and only over a safe way. On the site's origin (sandbox.ts) no cookie
// comes with what a page loads, so the pass is in the path. All are signed, say which port of which lab they are for, end, and can be closed (closings.ts).
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Target } from './address.ts';

export const PASS_COOKIE = 'slipway_preview';
export const PANE_COOKIE = 'slipway_pane';
export const ENTER_PATH = '/.slipway/enter';
const LINK_MS = 60_000;
export const PASS_MS = 12 * 60 * 60_000;
/** Of an instructor who looks at somebody's port. */
const VISIT_MS = 60 * 60_000;

export interface PassOptions { pane?: boolean; visit?: boolean; }
export interface Pass { pane: boolean; until: number; }
/** `who` tells learners apart without naming them. */
export interface PathPass extends Pass { target: Target; who: string; nonce: string; }

export interface Passes {
  /** Path and query for the preview's origin. */
  link(target: Target, options?: PassOptions): string;
  /** The cookie to set when the link is good and unused. */
  enter(target: Target, token: string, options: { secure: boolean }): string | undefined;
  admit(target: Target, cookieHeader: string | undefined): Pass | undefined;
  /** One segment of a path on the site's origin. */
  segment(target: Target, learner: string, options?: PassOptions): string;
  read(segment: string): PathPass | undefined;
  who(learner: string): string;
}

const SEGMENT = /^(\d{1,5})-([a-z0-9]+)\.([tp])\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_.-]+)$/;

export function createPasses(secret: Buffer, isClosed: (lab: string, issuedAt: number) => boolean = () => false, now: () => number = Date.now): Passes {
  const used = new Map<string, number>(); // token → when it ends anyway
  const sign = (kind: string, { lab, port }: Target, rest: string) => createHmac('sha256', secret).update(`preview ${kind} ${lab} ${port} ${rest}`).digest('base64url');
  const goodUntil = (kind: string, target: Target, value: string): number | undefined => {
    const [issued = '', until = '', nonce = '', signature = ''] = value.split('.');
    const [mine, theirs] = [Buffer.from(sign(kind, target, `${issued} ${until} ${nonce}`)), Buffer.from(signature)];
    const good = mine.length === theirs.length && timingSafeEqual(mine, theirs) && parseInt(until, 36) > now() && !isClosed(target.lab, parseInt(issued, 36));
    return good ? parseInt(until, 36) : undefined;
  };
  const make = (kind: string, target: Target, ms: number) => {
    const [issued, until, nonce] = [now().toString(36), (now() + ms).toString(36), randomBytes(12).toString('base64url')];
    return `${issued}.${until}.${nonce}.${sign(kind, target, `${issued} ${until} ${nonce}`)}`;
  };
  const has = (cookie: string, kind: string, target: Target, header = ''): number | undefined => {
    for (const part of header.split(';')) {
      const [name, ...value] = part.trim().split('=');
      const until = name === cookie ? goodUntil(kind, target, value.join('=')) : undefined;
      if (until !== undefined) return until;
    }
    return undefined;
  };
  const who = (learner: string) => createHmac('sha256', secret).update(`preview who ${learner}`).digest('base64url').slice(0, 16);

  return {
    link: (target, { pane = false, visit = false } = {}) => `${ENTER_PATH}?token=${make(`${visit ? 'visit ' : ''}${pane ? 'pane ' : ''}link`, target, LINK_MS)}`,
    enter(target, token, { secure }) {
      for (const [old, until] of used) if (until < now()) used.delete(old);
      const kind = ['link', 'pane link', 'visit link', 'visit pane link'].find(one => goodUntil(one, target, token) !== undefined);
      if (kind === undefined || used.has(token)) return undefined;
      used.set(token, now() + LINK_MS);
      const ms = kind.startsWith('visit') ? VISIT_MS : PASS_MS;
      const rest = `Path=/; Max-Age=${ms / 1000}; HttpOnly`;
      if (kind.includes('pane')) return `${PANE_COOKIE}=${make('pane', target, ms)}; ${rest}; Secure; SameSite=None; Partitioned`;
      return `${PASS_COOKIE}=${make('pass', target, ms)}; ${rest}; SameSite=Lax${secure ? '; Secure' : ''}`;
    },
    admit(target, cookieHeader) {
      const tab = has(PASS_COOKIE, 'pass', target, cookieHeader);
      if (tab !== undefined) return { pane: false, until: tab };
      const pane = has(PANE_COOKIE, 'pane', target, cookieHeader);
      return pane === undefined ? undefined : { pane: true, until: pane };
    },
    segment(target, learner, { pane = false, visit = false } = {}) {
      const [kind, whose] = [pane ? 'p' : 't', who(learner)];
      return `${target.port}-${target.lab}.${kind}.${whose}.${make(`path ${kind} ${whose}`, target, visit ? VISIT_MS : PASS_MS)}`;
    },
    read(segment) {
      const [, port, lab, kind, whose, rest] = SEGMENT.exec(segment) ?? [];
      if (!port || !lab || !whose || !rest) return undefined;
      const target = { lab, port: Number(port) };
      const until = goodUntil(`path ${kind} ${whose}`, target, rest);
      return until === undefined ? undefined : { target, pane: kind === 'p', who: whose, until, nonce: rest.split('.')[2]! };
    },
    who,
  };
}
