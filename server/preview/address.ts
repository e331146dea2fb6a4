// The address of a port of a lab: an origin of its own, `http://<port>-<lab>.<domain>`, so that no browser lets a learner's page near the site's cookies
// or pages. The domain is the operator's wildcard (SLIPWAY_PREVIEW_DOMAIN), or localhost where the site itself is opened on this machine:
// browsers look up *.localhost themselves (https://datatracker.ietf.org/doc/html/rfc6761#section-6.3). Pure.

export interface Target { lab: string; port: number }

const LABEL = /^(\d{1,5})-([a-z0-9]+)$/;

/** What a Host header names; undefined when it is the site's own, or nobody's. `domain` may carry a port. */
export function targetOf(hostHeader: string | undefined, domains: readonly string[]): Target | undefined {
  const host = (hostHeader ?? '').toLowerCase().replace(/:\d+$/, '');
  for (const domain of domains.map(d => d.toLowerCase().replace(/:\d+$/, ''))) {
    if (!host.endsWith(`.${domain}`)) continue;
    const [, port, lab] = LABEL.exec(host.slice(0, -domain.length - 1)) ?? [];
    if (port && lab && Number(port) >= 1 && Number(port) <= 65_535) return { lab, port: Number(port) };
  }
  return undefined;
}

/** Is the host one of a preview, whether or not it names a port? Then the site must never answer it. */
export const isPreviewHost = (hostHeader: string | undefined, domains: readonly string[]) =>
  domains.some(domain => (hostHeader ?? '').toLowerCase().replace(/:\d+$/, '').endsWith(`.${domain.toLowerCase().replace(/:\d+$/, '')}`));

/** What a page may show in panes, for its Content-Security-Policy: previews alone, and only where browsers give a frame its cookie. */
export function framesFor(page: { host: string | undefined; https: boolean }, domain: string | undefined): string | undefined {
  const origin = originFor({ lab: 'x', port: 1 }, page, domain);
  return origin !== undefined && (page.https || domain === undefined) ? origin.replace('1-x.', '*.') : undefined;
}

/** Where the page that asks can open it; undefined when there is no domain that its browser would find. */
export function originFor(target: Target, page: { host: string | undefined; https: boolean }, domain: string | undefined): string | undefined {
  const scheme = page.https ? 'https' : 'http';
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(page.host?.toLowerCase() ?? '') ?? [];
  if (domain) return `${scheme}://${target.port}-${target.lab}.${domain.includes(':') ? domain : `${domain}${port}`}`;
  return ['localhost', '127.0.0.1', '[::1]'].includes(name) ? `${scheme}://${target.port}-${target.lab}.localhost${port}` : undefined;
}
