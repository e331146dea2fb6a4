// Which pages may talk to us: our own. Browsers send the cookie along with a WebSocket that any page opens, and say truthfully which page
// that is (https://owasp.org/www-community/attacks/Cross-Site_WebSocket_Hijacking). Programs that are no browsers send no Origin
// and have no cookie that could be misused.
import type { IncomingHttpHeaders } from 'node:http';

/** @param publicUrl the address learners use, when a proxy stands before us (SLIPWAY_URL). */
export function isOwnOrigin(headers: IncomingHttpHeaders, publicUrl: URL | undefined): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const { origin } = headers;
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false; // "null": a sandboxed frame or a file
  const from = new URL(origin);
  if (publicUrl && from.origin === publicUrl.origin) return true;
  return headers.host !== undefined && from.host === headers.host.toLowerCase();
}
