// Links by which an owner shows one port of a lab to others, for a while. Whoever opens one gets what it carries as a cookie of the preview's own origin,
// and is asked for it at every request: revoking a link, its end, and a new lab shut everybody out at once, with what they have open. Kept as hashes
// (data/port-links.ts), and all in memory, since each request asks.
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { say } from '../../texts/server.ts';
import type { PortLink, PortLinks } from '../data/port-links.ts';
import { Refusal } from '../lab/refusal.ts';
import type { ShareView } from '../protocol.ts';
import type { Target } from './address.ts';

export const SHARED_COOKIE = 'slipway_shared';
export const SHARED_PATH = '/.slipway/shared';
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const MAX_LINKS = 20;

export interface Shares {
  /** Before anybody is let in. */
  load(): Promise<void>;
  make(workspace: string, target: Target, ms: number): Promise<{ token: string; share: ShareView }>;
  list(workspace: string, target: Target): ShareView[];
  /** One that is gone already is fine; another's is not found. */
  revoke(workspace: string, id: string): Promise<void>;
  /** The workspace has this lab now: links to an earlier one are over. */
  keepOnly(workspace: string, lab: string): Promise<void>;
  /** Aborted when the guest must go; undefined when the token does not open this port of this lab. */
  admit(target: Target, token: string | undefined): AbortSignal | undefined;
  /** The cookie for a token that is good. */
  enter(target: Target, token: string, options: { secure: boolean }): string | undefined;
  release(): void;
}

interface Share extends PortLink { ended: AbortController; timer: NodeJS.Timeout; }

export function createShares(links: PortLinks, now: () => number = Date.now): Shares {
  const shares = new Map<string, Share>();
  const add = (link: PortLink) => {
    const ended = new AbortController();
    setMaxListeners(0, ended.signal); // one for each request that is under way
    shares.set(link.hash, { ...link, ended, timer: setTimeout(() => end(link.hash), link.expiresAt.getTime() - now()).unref() });
  };
  const end = (hash: string) => {
    const share = shares.get(hash);
    shares.delete(hash);
    clearTimeout(share?.timer);
    share?.ended.abort();
  };
  const find = (target: Target, token: string | undefined) => {
    const share = token !== undefined && TOKEN.test(token) ? shares.get(hashOf(token)) : undefined;
    return share && share.lab === target.lab && share.port === target.port && share.expiresAt.getTime() > now() ? share : undefined;
  };
  const of = (workspace: string) => [...shares.values()].filter(share => share.workspace === workspace);
  /** Nobody is let in any more, whatever becomes of the record. */
  const remove = async (ended: Share[]) => {
    for (const { hash } of ended) end(hash);
    if (ended.length) await links.remove(ended.map(({ hash }) => hash));
  };

  return {
    async load() { for (const link of await links.load(new Date(now()))) add(link); },
    async make(workspace, { lab, port }, ms) {
      if (of(workspace).length >= MAX_LINKS) throw new Refusal(say('share.tooMany', { count: MAX_LINKS }));
      const token = randomBytes(32).toString('base64url');
      const link = { hash: hashOf(token), workspace, lab, port, expiresAt: new Date(now() + ms) };
      await links.make(link);
      add(link);
      return { token, share: viewOf(link) };
    },
    list: (workspace, { lab, port }) => of(workspace).filter(share => share.lab === lab && share.port === port).map(viewOf),
    revoke: (workspace, id) => remove(of(workspace).filter(share => viewOf(share).id === id)),
    keepOnly: (workspace, lab) => remove(of(workspace).filter(share => share.lab !== lab)),
    admit: (target, token) => find(target, token)?.ended.signal,
    enter(target, token, { secure }) {
      const share = find(target, token);
      return share && `${SHARED_COOKIE}=${token}; Path=/; Max-Age=${Math.ceil((share.expiresAt.getTime() - now()) / 1000)}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
    },
    release() { for (const { timer } of shares.values()) clearTimeout(timer); },
  };
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('hex');
/** Its name says nothing of what opens the port. */
const viewOf = ({ hash, expiresAt }: PortLink): ShareView => ({ id: hash.slice(0, 16), expiresAt: expiresAt.toISOString() });
