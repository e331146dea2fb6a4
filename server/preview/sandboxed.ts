// Previews on the site's own origin, `/preview/<pass>/…`, for where there is one port and no domain: who may, and what changes on the way. The page has an
// opaque origin (sandbox.ts), so no cookie comes with what it loads: the pass is in its path. Whoever opens it as a page of its own must also be whose
// pass it is, by the site's cookie, so that an address that is copied opens nothing for others. Used by proxy.ts.
import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { say } from '../../texts/server.ts';
import { PATH_PREFIX, type Target } from './address.ts';
import { isNavigation, tell } from './answers.ts';
import { createRateLimit } from '../http/rate.ts';
import type { Closings } from './closings.ts';
import { FIT_PATH, fitScript, fitTags } from './fit.ts';
import type { ForwardOptions, Visit } from './forward.ts';
import { refusesFrames } from './headers.ts';
import { createJars } from './jars.ts';
import { cssLinks, htmlLinks } from './links.ts';
import type { Passes } from './pass.ts';
import { corsFor, type Place, preflightAnswer, SANDBOX, sandboxedRequest, sandboxedResponse } from './sandbox.ts';
import type { Shares } from './shares.ts';

export interface SandboxedOptions {
  passes: Passes;
  closings: Pick<Closings, 'until'>;
  shares: Pick<Shares, 'admit'>;
  more: ForwardOptions['more'];
  isHttps: (request: IncomingMessage) => boolean;
  /** Of the site's cookie. */
  learnerOf: (request: IncomingMessage) => string | undefined;
  /** The origin that the page is on. */
  siteOf: (request: IncomingMessage) => string | undefined;
}

/** Who came, by the path alone. */
interface Comer { target: Target; base: string; pane: boolean; /** Undefined: a guest. */ who: string | undefined; jar: string; over: AbortSignal; until: number | undefined; }

const GUEST = /^(\d{1,5})-([a-z0-9]+)\.g\.([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{43})$/;
const INVITATION = /^(\d{1,5})-([a-z0-9]+)\.s\.([A-Za-z0-9_-]{43})$/;

/** Pieces of 64 KiB of pages that are read for their links, of one lab: 32 MiB at once, then one MiB a second. Beyond it pages go as they are. */
const READING = { burst: 512, perMinute: 60 * 16 };

/** A link for guests. Each who opens it gets a path, and with it cookies, of their own. */
export const sharedPath = ({ lab, port }: Target, token: string) => `${PATH_PREFIX}${port}-${lab}.s.${token}/`;

export function createSandboxed(options: SandboxedOptions) {
  const jars = createJars();
  const reading = createRateLimit(READING);

  return {
    /** Undefined: it has been answered. */
    admit(request: IncomingMessage, response: ServerResponse): Visit | undefined {
      const refuse = (text: Parameters<typeof tell>[2]['text'], more?: string) => tell(request, response, { status: 403, text, more }) as undefined;
      const [segment, rest] = partsOf(request);
      const invited = INVITATION.exec(segment);
      if (invited) {
        const target = { port: Number(invited[1]), lab: invited[2]! };
        if (!options.shares.admit(target, invited[3])) return refuse(say('share.over'));
        return redirect(response, 303, `${PATH_PREFIX}${target.port}-${target.lab}.g.${randomBytes(12).toString('base64url')}.${invited[3]}/`);
      }
      const comer = comerOf(segment);
      if (!comer) return refuse(GUEST.test(segment) ? say('share.over') : say('port.linkUsed'), moreOf(segment, request));
      if (rest === undefined) return redirect(response, 308, `${comer.base}/`);
      const { headers, method } = request;
      // What runs beside pages would run with the site's own origin; what our own pages load is never a learner's.
      if (headers['service-worker'] !== undefined || headers['sec-fetch-dest'] === 'serviceworker') return refuse(say('port.noWorker'));
      if (headers['sec-fetch-site'] === 'same-origin' && headers['sec-fetch-mode'] !== 'navigate') return refuse(say('port.notYours'));
      if (comer.who !== undefined && opensPage(request, comer) && !isThem(comer, request)) return refuse(say('port.notYours'), options.more(comer.target, request));
      const preflight = preflightAnswer(request);
      if (preflight || rest.split('?', 1)[0] === FIT_PATH) {
        response.writeHead(preflight ? 204 : 200, { ...preflight, ...(preflight ? {} : { ...corsFor(request), 'content-type': 'text/javascript; charset=utf-8', 'cache-control': 'private, max-age=3600' }), 'content-security-policy': SANDBOX });
        response.end(preflight || method === 'HEAD' ? undefined : fitScript());
        return undefined;
      }
      return visit(comer, request, rest);
    },

    /** Of its own pages only, whose origin is none. */
    mayUpgrade(request: IncomingMessage): Visit | undefined {
      const { origin, upgrade } = request.headers;
      const [segment, rest] = partsOf(request);
      const comer = comerOf(segment);
      if (!comer || rest === undefined || (origin !== undefined && origin !== 'null') || upgrade?.toLowerCase() !== 'websocket') return undefined;
      return visit(comer, request, rest);
    },
  };

  function comerOf(segment: string): Comer | undefined {
    const base = `${PATH_PREFIX}${segment}`;
    const pass = options.passes.read(segment);
    if (pass) return { target: pass.target, base, pane: pass.pane, who: pass.who, jar: `${pass.who} ${pass.target.port}`, over: options.closings.until(pass.target.lab), until: pass.until };
    const [, port, lab, nonce, token] = GUEST.exec(segment) ?? [];
    if (!port || !lab) return undefined;
    const target = { lab, port: Number(port) };
    const over = options.shares.admit(target, token);
    return over && { target, base, pane: false, who: undefined, jar: `${nonce} ${createHash('sha256').update(token!).digest('base64url')}`, over, until: undefined };
  }

  function isThem({ who }: Comer, request: IncomingMessage): boolean {
    const learner = options.learnerOf(request);
    return learner !== undefined && options.passes.who(learner) === who;
  }

  function moreOf(segment: string, request: IncomingMessage): string | undefined {
    const [, port, lab] = /^(\d{1,5})-([a-z0-9]+)\./.exec(segment) ?? [];
    return port && lab ? options.more({ lab, port: Number(port) }, request) : undefined;
  }

  function visit({ target, base, pane, jar, over, until }: Comer, request: IncomingMessage, path: string): Visit {
    const place: Place = { port: target.port, base, site: options.siteOf(request) ?? 'http://localhost' };
    const own = `http://localhost:${target.port}${path}`;
    return {
      target, path, over: [over], until,
      requestHeaders: ({ upgrade }) => sandboxedRequest(request, place, { https: options.isHttps(request), upgrade, cookie: jars.cookies(target.lab, jar, own) }),
      async answer(from) {
        if (pane && isNavigation(request) && refusesFrames(from.headers, { sameOrigin: true })) return { status: 403, text: say('port.noFrame', { port: String(target.port) }) };
        const setCookies = from.headers['set-cookie'];
        if (setCookies) await jars.keep(target.lab, jar, own, setCookies);
        const headers = sandboxedResponse(request, from.headers, place);
        const through = changes(from, request, place, () => reading.take(target.lab));
        if (through.length) for (const name of ['content-length', 'content-encoding', 'accept-ranges', 'digest', 'content-digest', 'repr-digest', 'content-md5']) delete headers[name];
        return { headers, through };
      },
    };
  }
}

/** Texts in which links have to be set right. */
function changes(from: IncomingMessage, request: IncomingMessage, { base, port, site }: Place, mayRead: () => boolean): Transform[] {
  const type = String(from.headers['content-type'] ?? '').toLowerCase();
  const isHtml = /^\s*text\/html\b/.test(type);
  const code = from.statusCode ?? 0;
  if ((!isHtml && !/^\s*text\/css\b/.test(type)) || /utf-?16/.test(type) || request.method === 'HEAD' || code < 200 || [204, 206, 304].includes(code)) return [];
  const unpacked = unpack(String(from.headers['content-encoding'] ?? 'identity').trim().toLowerCase());
  if (!unpacked) return [];
  return [...unpacked, isHtml ? htmlLinks({ base, port, site, mayRead, ...(isNavigation(request) ? { tags: fitTags(base) } : {}) }) : cssLinks({ base, port, site })];
}

function unpack(encoding: string): Transform[] | undefined {
  if (encoding === 'identity' || encoding === '') return [];
  if (encoding === 'gzip' || encoding === 'x-gzip') return [createGunzip()];
  if (encoding === 'deflate') return [createInflate()];
  if (encoding === 'br') return [createBrotliDecompress()];
  return encoding === 'zstd' ? [createZstdDecompress()] : undefined;
}

/** The segment with the pass, and what follows it, from its slash on. */
function partsOf(request: IncomingMessage): [string, string | undefined] {
  const [, segment = '', rest] = /^([^/?#]*)(\/.*)?/s.exec((request.url ?? '').slice(PATH_PREFIX.length)) ?? [];
  return [segment, rest];
}

/** As a page of its own, not in a frame. A form that is sent from the page comes without the site's cookie, and can come only from there. */
function opensPage(request: IncomingMessage, { pane }: Comer): boolean {
  const dest = request.headers['sec-fetch-dest'];
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  return dest === undefined ? !pane && request.headers['upgrade-insecure-requests'] === '1' : dest === 'document';
}

function redirect(response: ServerResponse, status: number, location: string): undefined {
  response.writeHead(status, { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', 'content-security-policy': SANDBOX });
  response.end();
  return undefined;
}
