// Plain HTTP: the health answer, the learner's cookie and the safe headers, then Next. Requests of socket.io never come here.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { inRequest } from '../../runtime/request.ts';
import { chooseLanguage } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { SOCKET_PATH } from '../protocol.ts';
import { secureHeaders } from './headers.ts';
import type { Visitors } from './learner.ts';

/** On a request, not in a browser: the session that it came with was ended (app/layout.tsx). */
const ENDED_MARK = 'slipway_ended=1';

export interface RequestOptions {
  visitors: Visitors;
  dev: boolean;
  /** Origins that a page may show in frames. */
  frames: (request: IncomingMessage) => string | undefined;
  /** Next's handler. */
  page: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** What pages ask by POST (api.ts). */
  api: (path: string, request: IncomingMessage, response: ServerResponse) => Promise<void>;
  health: () => Promise<{ ok: boolean; engine: boolean; database: boolean }>;
  onError: (error: unknown) => void;
}

export function createRequestListener(options: RequestOptions): RequestListener {
  return (request, response) => {
    inRequest(() => answer(request, response)).catch(error => {
      options.onError(error);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${say('page.ourFault')[chooseLanguage(request.headers.cookie, request.headers['accept-language'])]}\n`);
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const path = (request.url ?? '/').split('?', 1)[0]!;
    if (path === SOCKET_PATH || path.startsWith(`${SOCKET_PATH}/`)) return; // socket.io has its own listener
    secureHeaders(request, response, { dev: options.dev, https: options.visitors.isHttps(request), frames: options.frames(request) });
    options.visitors.dropEnded(request);
    if (path === '/healthz') return sendHealth(response);
    if (path.startsWith('/api/')) return options.api(path, request, response);
    if (path === '/resume') response.setHeader('Referrer-Policy', 'no-referrer');
    if (request.headers.accept?.includes('text/html')) { // a page, not one of the many files it loads at the same time
      const { cookie, wasEnded } = options.visitors.of(request);
      if (cookie) response.setHeader('Set-Cookie', cookie);
      if (wasEnded) request.headers.cookie += `; ${ENDED_MARK}`; // this page says so, and no other
    }
    await options.page(request, response);
  }

  async function sendHealth(response: ServerResponse) {
    const health = await options.health();
    response.writeHead(health.ok ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(health)}\n`);
  }
}
