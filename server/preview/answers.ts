// What a preview says itself when the learner's server does not: in words, as a small page where a page was asked for, as a line of text otherwise. In the
// language that the browser asks for: on an origin of its own the site's cookie does not come here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { chooseLanguage, LANGUAGES, type Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { SANDBOX } from './sandbox.ts';

export interface Said {
  status: number;
  text: Text;
  /** It may be otherwise in a moment: the page looks again by itself. */
  again?: boolean;
  /** Where the site says more, and opens it for whom it may. */
  more?: string | undefined;
}

const AGAIN_SECONDS = 3;
const STYLE = 'body{font:1.05rem/1.5 system-ui,sans-serif;max-width:34em;margin:12vh auto;padding:0 20px;color:#1c2430;background:#fbfaf7}a{color:#0b5c8a}p{margin:0 0 1em}@media(prefers-color-scheme:dark){body{color:#e6e9ee;background:#14181f}a{color:#7cc4ee}}';

export function tell(request: IncomingMessage, response: ServerResponse, { status, text, again, more }: Said) {
  if (response.destroyed || response.headersSent) return;
  const language = chooseLanguage(undefined, request.headers['accept-language']);
  const isPage = isNavigation(request);
  const looksAgain = again === true && isPage && (request.method === 'GET' || request.method === 'HEAD');
  response.writeHead(status, {
    'content-type': `text/${isPage ? 'html' : 'plain'}; charset=utf-8`, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
    ...(status === 503 ? { 'retry-after': '5' } : {}), ...(looksAgain ? { refresh: String(AGAIN_SECONDS) } : {}),
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; ${SANDBOX}`,
  });
  if (request.method === 'HEAD') return void response.end();
  if (!isPage) return void response.end(`${text[language]}\n`);
  const words = [text, ...(looksAgain ? [say('port.looksAgain')] : [])].map(one => `<p>${escaped(one[language])}</p>`);
  if (looksAgain) words.push(`<p><a href="">${escaped(say('port.reload')[language])}</a></p>`);
  if (more !== undefined) words.push(`<p><a href="${escaped(more)}" target="_blank" rel="noopener">${escaped(say('port.more')[language])}</a></p>`);
  response.end(`<!doctype html><html lang="${LANGUAGES[language].tag}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(say('port.title')[language])}</title><style>${STYLE}</style></head><body><main role="${status < 400 ? 'main' : 'alert'}">${words.join('')}</main></body></html>\n`);
}

/** A page or a frame of one is loaded. Browsers say so, over a plain connection to another machine only by the older header. */
export function isNavigation(request: IncomingMessage): boolean {
  const dest = request.headers['sec-fetch-dest'];
  if (dest !== undefined) return ['document', 'iframe', 'frame', 'object', 'embed'].includes(dest as string);
  return request.headers['upgrade-insecure-requests'] === '1' || (request.headers.accept?.includes('text/html') ?? false);
}

const escaped = (text: string) => text.replaceAll(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`);
