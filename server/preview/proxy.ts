// Requests to previews, before everything else: stands before all other listeners of the server, so that nothing of the site is ever served on a preview's
// origin, nor below the path that previews have on the site's, whoever adds a listener later. Decides who may (pass.ts, shares.ts); forward.ts goes the way.
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { say } from '../../texts/server.ts';
import { isPreviewHost, PATH_PREFIX, targetOf } from './address.ts';
import { tell } from './answers.ts';
import { createForward, type ForwardOptions, type Visit } from './forward.ts';
import { refusesFrames, requestHeaders, responseHeaders } from './headers.ts';
import type { Closings } from './closings.ts';
import { ENTER_PATH, type Passes } from './pass.ts';
import { createSandboxed, type SandboxedOptions } from './sandboxed.ts';
import { SHARED_COOKIE, SHARED_PATH, type Shares } from './shares.ts';

export interface ProxyOptions extends ForwardOptions {
  domains: readonly string[];
  passes: Passes;
  closings: Pick<Closings, 'until'>;
  shares: Pick<Shares, 'admit' | 'enter'>;
  isHttps: (request: IncomingMessage) => boolean;
  /** Ports on the site's own origin; undefined: there are none. */
  sandboxed: Pick<SandboxedOptions, 'learnerOf' | 'siteOf'> | undefined;
}

export function servePreviews(http: Server, options: ProxyOptions) {
  const { forward, forwardUpgrade } = createForward(options);
  const sandboxed = options.sandboxed && createSandboxed({ ...options, ...options.sandboxed });
  const others = http.emit.bind(http) as (event: string, ...args: unknown[]) => boolean;
  http.emit = (event: string, ...args: unknown[]): boolean => {
    const request = args[0] as IncomingMessage;
    if (event !== 'request' && event !== 'upgrade') return others(event, ...args);
    const isOwn = isPreviewHost(request.headers.host, options.domains);
    if (!isOwn && (!sandboxed || !request.url?.startsWith(PATH_PREFIX))) return others(event, ...args);
    if (event === 'request') {
      const response = args[1] as ServerResponse;
      const visit = isOwn ? admitted(request, response) : sandboxed!.admit(request, response);
      if (visit) forward(visit, request, response).catch(options.onError);
    } else {
      const socket = args[1] as Duplex;
      socket.on('error', () => socket.destroy());
      const visit = isOwn ? mayUpgrade(request) : sandboxed!.mayUpgrade(request);
      if (visit) forwardUpgrade(visit, request, socket, args[2] as Buffer).catch(options.onError);
      else socket.end(`HTTP/1.1 403 ${STATUS_CODES[403]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
    }
    return true;
  };
  http.on('upgrade', (_request, socket: Duplex) => { if (http.listenerCount('upgrade') === 1) socket.destroy(); }); // without any, upgrades would come as requests

  /** On an origin of its own; undefined: it has been answered. */
  function admitted(request: IncomingMessage, response: ServerResponse): Visit | undefined {
    const target = targetOf(request.headers.host, options.domains);
    if (!target) return tell(request, response, { status: 404, text: say('port.noPreview') }) as undefined;
    const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
    const https = options.isHttps(request);
    const enter = (cookie: string | undefined) => {
      response.writeHead(303, { ...(cookie ? { 'set-cookie': cookie } : {}), location: '/', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
      response.end();
      return undefined;
    };
    const token = new URLSearchParams(query).get('token') ?? '';
    if (path === ENTER_PATH) {
      const cookie = options.passes.enter(target, token, { secure: https });
      if (cookie || options.passes.admit(target, request.headers.cookie)) return enter(cookie);
      return tell(request, response, { status: 403, text: say('port.linkUsed'), more: options.more(target, request) }) as undefined;
    }
    if (path === SHARED_PATH) {
      const cookie = options.shares.enter(target, token, { secure: https });
      return cookie ? enter(cookie) : tell(request, response, { status: 403, text: say('share.over') }) as undefined;
    }
    const visit = visitOf(request);
    if (visit) return visit;
    const isGuest = cookieOf(request, SHARED_COOKIE) !== undefined;
    return tell(request, response, { status: 403, text: say(isGuest ? 'share.over' : 'port.notYours'), more: isGuest ? undefined : options.more(target, request) }) as undefined;
  }

  /** A cookie goes along with a WebSocket that any page opens: only the preview's own may. */
  function mayUpgrade(request: IncomingMessage): Visit | undefined {
    const { origin, host } = request.headers;
    if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host)) return undefined;
    return visitOf(request);
  }

  function visitOf(request: IncomingMessage): Visit | undefined {
    const target = targetOf(request.headers.host, options.domains);
    if (!target) return undefined;
    const pass = options.passes.admit(target, request.headers.cookie);
    const over = pass ? options.closings.until(target.lab) : options.shares.admit(target, cookieOf(request, SHARED_COOKIE));
    if (!over) return undefined;
    return {
      target, path: request.url ?? '/', over: [over], until: pass?.until,
      requestHeaders: ({ upgrade }) => requestHeaders(request.headers, { https: options.isHttps(request), upgrade }),
      async answer(from) {
        // The browser would show an empty frame.
        if (pass?.pane && request.headers['sec-fetch-dest'] === 'iframe' && refusesFrames(from.headers)) return { status: 403, text: say('port.noFrame', { port: String(target.port) }) };
        return { headers: responseHeaders(from.headers), through: [] };
      },
    };
  }
}

const cookieOf = (request: IncomingMessage, name: string) => (request.headers.cookie ?? '').split(';').map(part => part.trim()).find(part => part.startsWith(`${name}=`))?.slice(name.length + 1);
