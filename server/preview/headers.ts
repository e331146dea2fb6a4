// What of a request reaches the learner's server, and what of its answer reaches the browser, where the port has an origin of its own. The site's own
// cookies never go in, and nothing that comes out may touch more than the preview's own origin. Pure.
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

/** Of one connection only: https://datatracker.ietf.org/doc/html/rfc9110#section-7.6.1 ; `expect` is answered by the server that has the connection. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);
/** They would reach other names of the domain, or tell somebody else of requests that are not theirs. */
const NOT_THEIRS = new Set(['strict-transport-security', 'clear-site-data', 'public-key-pins', 'public-key-pins-report-only', 'expect-ct', 'alt-svc', 'nel', 'report-to', 'sec-session-registration', 'secure-session-registration', 'set-login']);
const OURS = /^slipway_/i;

export function requestHeaders(headers: IncomingHttpHeaders, options: { https: boolean; upgrade: boolean }): OutgoingHttpHeaders {
  const out = endToEnd(headers);
  const cookies = (headers.cookie ?? '').split(';').map(part => part.trim()).filter(part => part && !OURS.test(part));
  delete out.cookie;
  if (cookies.length) out.cookie = cookies.join('; ');
  for (const name of Object.keys(out)) if (name.startsWith('x-forwarded-') || name === 'forwarded') delete out[name];
  out['x-forwarded-proto'] = options.https ? 'https' : 'http';
  if (headers.host) out['x-forwarded-host'] = headers.host;
  return { ...out, ...framing(headers, options) };
}

/** A body goes on with the length or in the chunks that it came with, whatever the method and whatever `Connection` names: without, its bytes would be taken for another request. */
export function framing(headers: IncomingHttpHeaders, { upgrade }: { upgrade: boolean }): OutgoingHttpHeaders {
  if (upgrade) return { connection: 'Upgrade', upgrade: headers.upgrade };
  if (headers['transfer-encoding'] !== undefined) return { connection: 'close', 'transfer-encoding': 'chunked' };
  return { connection: 'close', ...(headers['content-length'] === undefined ? {} : { 'content-length': headers['content-length'] }) };
}

export function responseHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const out = endToEnd(headers, NOT_THEIRS);
  const cookies = (headers['set-cookie'] ?? []).filter(cookie => !OURS.test(cookie.trim())).map(cookie => cookie.split(';').filter(part => !/^\s*domain\s*=/i.test(part)).join(';'));
  delete out['set-cookie'];
  if (cookies.length) out['set-cookie'] = cookies;
  return out;
}

/** Does the answer forbid being shown in a frame of another site, or of any? https://www.w3.org/TR/CSP3/#directive-frame-ancestors ; it stands above X-Frame-Options. */
export function refusesFrames(headers: IncomingHttpHeaders, { sameOrigin } = { sameOrigin: false }): boolean {
  const ancestors = [headers['content-security-policy']].flat().join(';').split(/[;,]/).map(part => part.trim().split(/\s+/)).find(([name]) => name?.toLowerCase() === 'frame-ancestors');
  if (ancestors) return !ancestors.includes('*') && !(sameOrigin && ancestors.includes("'self'"));
  return (sameOrigin ? /deny/i : /deny|sameorigin/i).test([headers['x-frame-options']].flat().join());
}

/** Without what belongs to the connection, or to other sets. */
export function endToEnd(headers: IncomingHttpHeaders, ...sets: ReadonlySet<string>[]): OutgoingHttpHeaders {
  const named = new Set([headers.connection].flat().join(',').split(',').map(name => name.trim().toLowerCase()));
  if (headers['transfer-encoding'] !== undefined) named.add('content-length'); // https://datatracker.ietf.org/doc/html/rfc9112#section-6.3
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !named.has(name) && !HOP_BY_HOP.has(name) && !sets.some(set => set.has(name))));
}
