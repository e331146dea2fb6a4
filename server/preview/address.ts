// The address of a port of a lab. Best is an origin of its own, `http://<port>-<lab>.<domain>`, so that no browser lets a learner's page near the site's cookies
// or pages: the domain is the operator's wildcard (SLIPWAY_PREVIEW_DOMAIN), or localhost where the site itself is opened on this machine, since
// browsers look up *.localhost themselves (https://datatracker.ietf.org/doc/html/rfc6761#section-6.3). Where there is neither, it is a path of the
// site's own origin, in a sandbox (sandbox.ts). Pure.

export interface Target { lab: string; port: number }

/** The operator's choice (SLIPWAY_PREVIEW): auto takes an origin of its own where there is one, else the path. */
export const modes = ['auto', 'domain', 'path', 'off'] as const;
export interface Ways { mode: (typeof modes)[number]; domain: string | undefined; }
export interface PageAddress { host: string | undefined; https: boolean; }
/** How a page opens a port, and on which origin. */
export interface Way { kind: 'origin' | 'path'; origin: string; }

/** Below this the site's origin serves labs' pages, each in a sandbox, and nothing else. */
export const PATH_PREFIX = '/preview/';

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

/** What a page may show in panes, for its Content-Security-Policy: previews alone, and on origins of their own only where browsers give a frame its cookie. */
export function framesFor(page: PageAddress, ways: Ways): string | undefined {
  const way = wayTo({ lab: 'x', port: 1 }, page, ways);
  if (way?.kind === 'path') return `${way.origin}${PATH_PREFIX}`;
  return way && (page.https || ways.domain === undefined) ? way.origin.replace('1-x.', '*.') : undefined;
}

/** Where the page that asks can open it; undefined when nowhere. */
export function wayTo(target: Target, page: PageAddress, { mode, domain }: Ways): Way | undefined {
  if (mode === 'off') return undefined;
  const own = mode === 'path' ? undefined : originFor(target, page, domain);
  if (own) return { kind: 'origin', origin: own };
  const site = mode === 'domain' ? undefined : siteOrigin(page);
  return site === undefined ? undefined : { kind: 'path', origin: site };
}

export function originFor(target: Target, page: PageAddress, domain: string | undefined): string | undefined {
  const scheme = page.https ? 'https' : 'http';
  const { name, port } = partsOf(page);
  if (domain) return `${scheme}://${target.port}-${target.lab}.${domain.includes(':') ? domain : `${domain}${port}`}`;
  return ['localhost', '127.0.0.1', '[::1]'].includes(name) ? `${scheme}://${target.port}-${target.lab}.localhost${port}` : undefined;
}

/** The origin that a page of the site has itself; undefined when its Host is none. */
export function siteOrigin(page: PageAddress): string | undefined {
  const { name, port } = partsOf(page);
  return /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)$/.test(name) ? `${page.https ? 'https' : 'http'}://${name}${port}` : undefined;
}

function partsOf(page: PageAddress): { name: string; port: string } {
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(page.host?.toLowerCase() ?? '') ?? [];
  return { name, port };
}
