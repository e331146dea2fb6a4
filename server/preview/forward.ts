// The way of one request, once it is known who may go it: through the lab's relay to the learner's server and back, HTTP/1.1, streaming, WebSockets. Bounded
// in number and patience; whatever the server answers, nothing here throws past the request. Who may, and what changes on the way, is said by a Visit.
import { request as httpRequest, STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Transform } from 'node:stream';
import { asSlipwayError } from '../../runtime/errors.ts';
import { say } from '../../texts/server.ts';
import { createPlaces } from '../http/places.ts';
import type { Target } from './address.ts';
import { type Said, tell } from './answers.ts';

/** Somebody who may, at one port, for one request. */
export interface Visit {
  target: Target;
  /** As the learner's server is asked. */
  path: string;
  /** Aborted when whoever looks must go. */
  over: readonly AbortSignal[];
  /** Or at this time. */
  until?: number | undefined;
  requestHeaders(options: { upgrade: boolean }): OutgoingHttpHeaders;
  /** What becomes of an answer; or what is said instead. */
  answer(from: IncomingMessage): Promise<Answer | Said>;
}
export interface Answer { headers: OutgoingHttpHeaders; through: Transform[]; }

export interface ForwardOptions {
  /** A connection to the port as the lab's host sees it at 127.0.0.1. */
  dial: (target: Target) => Promise<Socket>;
  onError: (error: unknown) => void;
  /** Until a server begins to answer. */
  patienceMs?: number;
  /** Where the site says more of a port. */
  more: (target: Target, request: IncomingMessage) => string | undefined;
}

const PATIENCE_MS = 60_000;
/** At a time, of one lab: its relay has room for 256, and one lab's connections take no other's. */
export const MAX_PER_LAB = 200;
/** Answers are read as browsers read them, line feeds without carriage returns and all: a shell script can be a web server. What is read is written anew, and a connection serves one request. */
const AS_BROWSERS = true;
/** The longest that a timer runs. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export function createForward(options: ForwardOptions) {
  const places = createPlaces(MAX_PER_LAB);
  const { patienceMs = PATIENCE_MS } = options;

  return { forward, forwardUpgrade };

  async function forward(visit: Visit, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { target } = visit;
    if (!places.take(target.lab)) return tell(request, response, { status: 503, text: say('port.tooMany'), again: true });
    response.once('close', () => places.free(target.lab));
    whenOver(visit, response);
    const refuse = (said: Said) => { if (response.headersSent) response.destroy(); else tell(request, response, said); };
    let socket: Socket | undefined;
    try {
      socket = await options.dial(target);
      if (response.destroyed) return void socket.destroy();
      const dialled = socket;
      const upstream = httpRequest({ method: request.method, path: visit.path, headers: visit.requestHeaders({ upgrade: false }), createConnection: () => dialled, insecureHTTPParser: AS_BROWSERS });
      const patience = setTimeout(() => {
        if (!request.complete) return void patience.refresh(); // it is still being asked
        refuse({ status: 504, text: say('port.silent', { port: String(target.port) }), again: true });
        upstream.destroy();
      }, patienceMs);
      response.once('close', () => { clearTimeout(patience); upstream.destroy(); });
      const fail = (error: Error) => { clearTimeout(patience); refuse(wordsFor(target, error)); };
      upstream.once('error', fail);
      upstream.once('upgrade', (from, other) => { other.destroy(); fail(new Error(`${from.statusCode} ${STATUS_CODES[101]}`)); }); // nobody asked for one
      upstream.once('response', from => {
        clearTimeout(patience);
        from.once('error', fail);
        pass(visit, request, response, from).then(said => { if (said) { from.destroy(); refuse(said); } }, error => { from.destroy(); fail(error as Error); });
      });
      request.once('error', () => upstream.destroy());
      request.pipe(upstream);
    } catch (error) {
      socket?.destroy();
      refuse(wordsForDial(target, request, error));
    }
  }

  async function forwardUpgrade(visit: Visit, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const close = (status: number) => { if (!socket.destroyed) socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy()); };
    if (!places.take(visit.target.lab)) return close(503);
    socket.once('close', () => places.free(visit.target.lab));
    whenOver(visit, socket);
    let connection: Socket | undefined;
    try {
      connection = await options.dial(visit.target);
      if (socket.destroyed) return void connection.destroy();
      const dialled = connection;
      const upstream = httpRequest({ method: request.method, path: visit.path, headers: visit.requestHeaders({ upgrade: true }), createConnection: () => dialled, insecureHTTPParser: AS_BROWSERS });
      const patience = setTimeout(() => { upstream.destroy(); close(504); }, patienceMs);
      upstream.once('error', () => { clearTimeout(patience); close(502); });
      upstream.once('response', from => { clearTimeout(patience); from.destroy(); close(from.statusCode !== undefined && from.statusCode >= 400 && from.statusCode < 600 ? from.statusCode : 502); });
      socket.once('close', () => { clearTimeout(patience); upstream.destroy(); });
      upstream.once('upgrade', (from, other, rest: Buffer) => {
        clearTimeout(patience);
        const join = (answer: Answer | Said) => {
          if (socket.destroyed || !('headers' in answer)) return void other.destroy();
          const lines = Object.entries({ ...answer.headers, connection: 'Upgrade', upgrade: from.headers.upgrade }).flatMap(([name, value]) => [value ?? []].flat().map(one => `${name}: ${one}`));
          socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1');
          if (rest.length) socket.write(rest);
          if (head.length) other.write(head);
          socket.pipe(other).pipe(socket);
        };
        other.on('error', () => socket.destroy());
        other.once('close', () => socket.destroy());
        socket.once('close', () => other.destroy());
        visit.answer(from).then(join, () => { other.destroy(); close(502); });
      });
      upstream.end();
    } catch (error) {
      connection?.destroy();
      if (asSlipwayError(error).kind === 'System') options.onError(error);
      close(502);
    }
  }

  async function pass(visit: Visit, request: IncomingMessage, response: ServerResponse, from: IncomingMessage): Promise<Said | undefined> {
    const answer = await visit.answer(from);
    if ('status' in answer) return answer;
    if (response.destroyed) return void from.destroy();
    const { headers, through } = answer;
    const trailer = request.httpVersion === '1.1' && headers['content-length'] === undefined ? from.headers.trailer : undefined;
    response.writeHead(from.statusCode!, trailer === undefined ? headers : { ...headers, trailer }); // throws at what no browser may see
    response.flushHeaders(); // an event stream may say nothing for long
    response.once('close', () => { for (const one of through) one.destroy(); });
    const body = through.reduce<IncomingMessage | Transform>((before, one) => {
      one.once('error', () => response.destroy());
      return before.pipe(one);
    }, from);
    body.pipe(response, { end: trailer === undefined });
    if (trailer !== undefined) from.once('end', () => { try { response.addTrailers(from.trailers as Record<string, string>); } catch { /* the body is whole without */ } response.end(); });
    return undefined;
  }

  function wordsForDial(target: Target, request: IncomingMessage, error: unknown): Said {
    const { kind, message } = asSlipwayError(error);
    const more = options.more(target, request);
    if (kind === 'NotFound') return { status: 404, text: say('port.labEnded'), more };
    if (kind === 'Conflict') return { status: 503, text: say('port.asleep'), more };
    if (/refused/.test(message)) return { status: 502, text: say('port.nothingListens', { port: String(target.port) }), again: true };
    if (kind !== 'Unavailable') options.onError(error);
    return { status: 502, text: say('port.noAnswer'), again: true };
  }
}

/** The parser keeps what it could not read: a TLS server answers plain words with an alert (https://datatracker.ietf.org/doc/html/rfc8446#section-5.1). */
function wordsFor({ port }: Target, error: Error & { code?: string; rawPacket?: Buffer }): Said {
  const isTls = error.rawPacket?.[0] === 0x15 && error.rawPacket[1] === 0x03;
  if (isTls) return { status: 502, text: say('port.tls', { port: String(port) }) };
  if (error.code === 'HPE_HEADER_OVERFLOW') return { status: 502, text: say('port.headersTooLarge', { port: String(port) }) };
  if (error.code === 'ECONNRESET') return { status: 502, text: say('port.hungUp', { port: String(port) }), again: true };
  return { status: 502, text: say('port.noHttp', { port: String(port), message: error.message }) };
}

function whenOver({ over, until }: Visit, held: ServerResponse | Duplex) {
  const cut = () => void held.destroy();
  const timer = until === undefined ? undefined : setTimeout(cut, Math.min(until - Date.now(), MAX_TIMER_MS)).unref();
  for (const signal of over) signal.addEventListener('abort', cut);
  held.once('close', () => {
    clearTimeout(timer);
    for (const signal of over) signal.removeEventListener('abort', cut);
  });
  if (over.some(signal => signal.aborted)) cut();
}
