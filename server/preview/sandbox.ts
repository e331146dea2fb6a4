// What of a request reaches the learner's server, and what of its answer reaches the browser, where the port shares the site's origin. The page gets an
// opaque origin (CSP sandbox without allow-same-origin, https://html.spec.whatwg.org/multipage/browsers.html#sandboxed-origin-browsing-context-flag): it reads no cookie
// or storage of the site, and what it asks of the site comes with `Origin: null`, which the site refuses. Cookies stay here (jars.ts). No header of the
// learner's may speak for the whole origin. The server believes to be asked at http://localhost:<port>. Pure.
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { endToEnd, framing } from './headers.ts';

/** A policy of the learner's own stands beside it: browsers apply both, so it can only take away more. */
export const SANDBOX = 'sandbox allow-scripts allow-forms allow-modals allow-popups allow-downloads';

/** What speaks for the whole origin or for its other pages, and what makes no sense in an opaque one. */
const NOT_THEIRS = new Set([
  'set-cookie', 'strict-transport-security', 'clear-site-data', 'public-key-pins', 'public-key-pins-report-only', 'expect-ct', 'alt-svc', 'nel', 'report-to', 'reporting-endpoints', 'service-worker-allowed',
  'accept-ch', 'critical-ch', 'origin-agent-cluster', 'cross-origin-opener-policy', 'cross-origin-opener-policy-report-only', 'cross-origin-embedder-policy', 'cross-origin-embedder-policy-report-only', 'cross-origin-resource-policy',
  'speculation-rules', 'supports-loading-mode', 'use-as-dictionary', 'set-login', 'sec-session-registration', 'secure-session-registration', 'activate-storage-access', 'observe-browsing-topics',
  'attribution-reporting-register-source', 'attribution-reporting-register-trigger',
  'www-authenticate', // the browser would ask for a password in the site's name, and send it to other labs' pages
]);
/** Passwords that a browser sends by itself are the site's, or its proxy's. */
const AMBIENT = /^\s*(?:basic|digest|negotiate|ntlm)\b/i;
const POLICIES = { 'referrer-policy': 'no-referrer', 'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), bluetooth=(), publickey-credentials-get=(), publickey-credentials-create=(), identity-credentials-get=()' };

/** Where the page lies: `base` is its path on the site's origin, without a slash at the end. */
export interface Place { port: number; base: string; site: string; }

export function sandboxedRequest(request: IncomingMessage, place: Place, options: { https: boolean; upgrade: boolean; cookie: string | undefined }): OutgoingHttpHeaders {
  const out = endToEnd(request.headers);
  for (const name of Object.keys(out)) if (/^(?:cookie|origin|referer|forwarded|service-worker.*|upgrade-insecure-requests|x-forwarded-.*|sec-fetch-.*|access-control-request-.*)$/.test(name)) delete out[name];
  if (AMBIENT.test(request.headers.authorization ?? '')) delete out.authorization;
  const own = `localhost:${place.port}`;
  return {
    ...out, host: own, 'accept-encoding': 'identity', // what may have to be changed on its way
    ...(request.headers.origin === 'null' ? { origin: `http://${own}` } : {}),
    ...(options.cookie ? { cookie: options.cookie } : {}),
    'x-forwarded-proto': options.https ? 'https' : 'http', 'x-forwarded-host': new URL(place.site).host, 'x-forwarded-prefix': place.base,
    ...framing(request.headers, options),
  };
}

export function sandboxedResponse(request: IncomingMessage, from: IncomingHttpHeaders, place: Place): OutgoingHttpHeaders {
  const out = endToEnd(from, NOT_THEIRS);
  for (const name of Object.keys(out)) if (name.startsWith('access-control-')) delete out[name];
  const at = (request.url ?? '/').slice(place.base.length) || '/';
  if (typeof out.location === 'string') out.location = movedLocation(out.location, at, place);
  if (typeof out.refresh === 'string') out.refresh = out.refresh.replace(/(url\s*=\s*)(["']?)(.*)$/i, (_, before: string, quote: string, url: string) => `${before}${quote}${movedLocation(url, at, place) ?? ''}`);
  if (typeof out.link === 'string') out.link = out.link.replaceAll(/<(\/(?![/\\])[^>]*)>/g, (_, url: string) => `<${place.base}${url}>`);
  if (out.location === undefined) delete out.location;
  // Some browsers give each part of such an answer headers of its own, which then are the page's.
  if (/^\s*multipart\//i.test(String(out['content-type'] ?? ''))) out['content-type'] = 'application/octet-stream';
  const theirs = from['content-security-policy'];
  return { ...out, ...POLICIES, ...corsFor(request), 'content-security-policy': theirs === undefined ? SANDBOX : `${String(theirs)}, ${SANDBOX}` };
}

/** To the browser the page's own server is another origin. Only the page knows the path, so it may read what is there. */
export function corsFor(request: IncomingMessage): OutgoingHttpHeaders {
  return request.headers.origin === 'null' ? { 'access-control-allow-origin': 'null', 'access-control-allow-credentials': 'true', 'access-control-expose-headers': '*', vary: 'Origin' } : {};
}

/** What a browser asks before a request that is not simple: https://fetch.spec.whatwg.org/#cors-preflight-fetch */
export function preflightAnswer(request: IncomingMessage): OutgoingHttpHeaders | undefined {
  const { origin, 'access-control-request-method': method, 'access-control-request-headers': names } = request.headers;
  if (request.method !== 'OPTIONS' || origin !== 'null' || method === undefined) return undefined;
  return { ...corsFor(request), 'access-control-allow-methods': method, ...(names === undefined ? {} : { 'access-control-allow-headers': names }), 'access-control-max-age': '600' };
}

/** Addresses of the server's own stay below its path; others are let alone; what is no web address leads nowhere. */
export function movedLocation(location: string, at: string, { port, base, site }: Place): string | undefined {
  const own = `http://localhost:${port}`;
  if (!URL.canParse(location, `${own}${at}`)) return undefined;
  const url = new URL(location, `${own}${at}`);
  const isOwn = isItself(url, port) || url.origin === site;
  if (!isOwn) return /^https?:$/.test(url.protocol) ? url.href : undefined;
  const path = `${url.pathname}${url.search}${url.hash}`;
  return url.origin === site && (url.pathname === base || url.pathname.startsWith(`${base}/`)) ? path : `${base}${path}`;
}

const isItself = (url: URL, port: number) => /^https?:$/.test(url.protocol) && ['localhost', '127.0.0.1', '[::1]', '0.0.0.0'].includes(url.hostname) && (url.port || (url.protocol === 'https:' ? '443' : '80')) === String(port);
