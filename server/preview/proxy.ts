// The way of a browser to a port of its lab: HTTP/1.1, streaming, server-sent events and WebSockets, through the lab's relay. Stands before all other
// listeners of the server, so that nothing of the site is ever served on a preview's origin, whoever adds a listener later.
import { request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { asSlipwayError } from '../../runtime/errors.ts';
import { chooseLanguage, type Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { isPreviewHost, targetOf, type Target } from './address.ts';
import { refusesFrames, requestHeaders, responseHeaders } from './headers.ts';
import { ENTER_PATH, type Passes } from './pass.ts';
import { SHARED_COOKIE, SHARED_PATH, type Shares } from './shares.ts';

export interface ProxyOptions {
  domains: readonly string[];
  passes: Passes;
  shares: Pick<Shares, 'admit' | 'enter'>;
  /** A connection to the port as the lab's host sees it at 127.0.0.1. */
  dial: (target: Target) => Promise<Socket>;
  isHttps: (request: IncomingMessage) => boolean;
  onError: (error: unknown) => void;
}

export function servePreviews(http: Server, options: ProxyOptions) {
  const others = http.emit.bind(http) as (event: string, ...args: unknown[]) => boolean;
  http.emit = (event: string, ...args: unknown[]): boolean => {
    const request = args[0] as IncomingMessage;
    if ((event !== 'request' && event !== 'upgrade') || !isPreviewHost(request.headers.host, options.domains)) return others(event, ...args);
    if (event === 'request') void answer(options, request, args[1] as ServerResponse);
    else void upgrade(options, request, args[1] as Duplex, args[2] as Buffer);
    return true;
  };
  http.on('upgrade', (_request, socket: Duplex) => { if (http.listenerCount('upgrade') === 1) socket.destroy(); }); // without any, upgrades would come as requests
}

async function answer(options: ProxyOptions, request: IncomingMessage, response: ServerResponse) {
  const target = targetOf(request.headers.host, options.domains);
  if (!target) return tell(request, response, 404, say('port.noPreview'));
  const url = new URL(request.url ?? '/', 'http://preview');
  const https = options.isHttps(request);
  if (url.pathname === ENTER_PATH) {
    const cookie = options.passes.enter(target, url.searchParams.get('token') ?? '', { secure: https });
    if (!cookie && !options.passes.mayEnter(target, request.headers.cookie) && !options.passes.mayShow(target, request.headers.cookie)) return tell(request, response, 403, say('port.linkUsed'));
    response.writeHead(303, { ...(cookie ? { 'set-cookie': cookie } : {}), location: '/', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    return response.end();
  }
  if (url.pathname === SHARED_PATH) {
    const cookie = options.shares.enter(target, url.searchParams.get('token') ?? '', { secure: https });
    if (!cookie) return tell(request, response, 403, say('share.over'));
    response.writeHead(303, { 'set-cookie': cookie, location: '/', 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    return response.end();
  }
  const admitted = admit(options, target, request);
  if (!admitted) return tell(request, response, 403, cookieOf(request, SHARED_COOKIE) === undefined ? say('port.notYours') : say('share.over'));
  whenOver(admitted, response);
  try {
    const socket = await options.dial(target);
    if (response.destroyed) return socket.destroy();
    const upstream = httpRequest({ method: request.method, path: request.url, headers: requestHeaders(request.headers, { https, upgrade: false }), createConnection: () => socket });
    const fail = (error: Error) => {
      if (response.headersSent) response.destroy();
      else tell(request, response, 502, say('port.noHttp', { port: String(target.port), message: error.message }));
    };
    upstream.once('error', fail);
    upstream.once('response', from => {
      if (admitted.pane && request.headers['sec-fetch-dest'] === 'iframe' && refusesFrames(from.headers)) { // the browser would show an empty frame
        from.destroy();
        return tell(request, response, 403, say('port.noFrame', { port: String(target.port) }));
      }
      response.writeHead(from.statusCode ?? 502, responseHeaders(from.headers));
      response.flushHeaders(); // an event stream may say nothing for long
      from.once('error', fail);
      from.pipe(response);
    });
    response.once('close', () => upstream.destroy());
    request.pipe(upstream);
  } catch (error) {
    refuse(options, request, response, target, error);
  }
}

async function upgrade(options: ProxyOptions, request: IncomingMessage, socket: Duplex, head: Buffer) {
  const close = (status: string) => void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.on('error', () => socket.destroy());
  const target = targetOf(request.headers.host, options.domains);
  const { origin } = request.headers;
  // A cookie goes along with a WebSocket that any page opens: only the preview's own may.
  const admitted = target && admit(options, target, request);
  if (!admitted || (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.headers.host))) return close('403 Forbidden');
  whenOver(admitted, socket);
  try {
    const connection = await options.dial(target);
    if (socket.destroyed) return void connection.destroy();
    const upstream = httpRequest({ method: request.method, path: request.url, headers: requestHeaders(request.headers, { https: options.isHttps(request), upgrade: true }), createConnection: () => connection });
    upstream.once('error', () => close('502 Bad Gateway'));
    upstream.once('response', from => { from.resume(); close(`${from.statusCode} ${from.statusMessage}`); });
    socket.once('close', () => upstream.destroy());
    upstream.once('upgrade', (from, other, rest: Buffer) => {
      if (socket.destroyed) return void other.destroy();
      const lines = Object.entries({ ...responseHeaders(from.headers), connection: 'Upgrade', upgrade: from.headers.upgrade }).flatMap(([name, value]) => [value ?? []].flat().map(one => `${name}: ${one}`));
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      if (rest.length) socket.write(rest);
      if (head.length) other.write(head);
      other.on('error', () => socket.destroy());
      socket.once('close', () => other.destroy());
      other.once('close', () => socket.destroy());
      socket.pipe(other).pipe(socket);
    });
    upstream.end();
  } catch (error) {
    if (asSlipwayError(error).kind === 'System') options.onError(error);
    close('502 Bad Gateway');
  }
}

/** Its owner, in a tab or a pane, or a guest, who must go when `over` says so. */
interface Admitted { pane?: true; over?: AbortSignal }

function admit({ passes, shares }: ProxyOptions, target: Target, request: IncomingMessage): Admitted | undefined {
  if (passes.mayEnter(target, request.headers.cookie)) return {};
  if (passes.mayShow(target, request.headers.cookie)) return { pane: true };
  const over = shares.admit(target, cookieOf(request, SHARED_COOKIE));
  return over && { over };
}

function whenOver({ over }: Admitted, held: ServerResponse | Duplex) {
  if (!over) return;
  const cut = () => void held.destroy();
  over.addEventListener('abort', cut);
  held.once('close', () => over.removeEventListener('abort', cut));
}

const cookieOf = (request: IncomingMessage, name: string) => (request.headers.cookie ?? '').split(';').map(part => part.trim()).find(part => part.startsWith(`${name}=`))?.slice(name.length + 1);

function refuse(options: ProxyOptions, request: IncomingMessage, response: ServerResponse, target: Target, error: unknown) {
  const { kind, message } = asSlipwayError(error);
  if (kind === 'NotFound') return tell(request, response, 404, say('port.labEnded'));
  if (/refused/.test(message)) return tell(request, response, 502, say('port.nothingListens', { port: String(target.port) }));
  if (kind !== 'Unavailable') options.onError(error);
  tell(request, response, 502, say('port.noAnswer'));
}

/** In the language that the browser asks for: the site's own cookie does not come here. */
function tell(request: IncomingMessage, response: ServerResponse, status: number, text: Text) {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'" });
  response.end(`${text[chooseLanguage(undefined, request.headers['accept-language'])]}\n`);
}
