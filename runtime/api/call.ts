// One request as handlers see it: the host, the parameters, an abort signal, and three ways to answer besides a JSON reply:
// a stream, or the connection itself. Made by server.ts for each request; reports what was asked to the host's journal, once.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Container } from '../container/model.ts';
import { nowNano } from '../container/time.ts';
import { SlipwayError } from '../errors.ts';
import type { ApiCall } from '../lab/control.ts';
import type { Api } from './api.ts';
import { hijackResponse, hijackSocket, hijackWebSocket, type Hijacked } from './hijack.ts';
import type { Match } from './route.ts';

export interface Call {
  readonly api: Api;
  readonly version: string;
  readonly params: Record<string, string>;
  /** As the client wrote it. */
  readonly query: Record<string, string>;
  /** A header of the request, by its lower-case name. */
  header(name: string): string | undefined;
  /** Aborts when the client has gone or the answer is complete. */
  readonly signal: AbortSignal;
  /** The container that the path names; throws `No such container`. The journal notes it. */
  container(): Container;
  /** For calls that name their container indirectly (execs). */
  about(container: Container): void;
  /** Starts a 200 answer that goes out as it is written. With `reportAtEnd` the journal waits for `failed` or the end. */
  stream(contentType: string, options?: { reportAtEnd?: boolean; headers?: Record<string, string> }): ResponseStream;
  /** The request's bytes as they come, for routes that take archives. Leaving them unread is fine. */
  input(): AsyncIterable<Buffer>;
  /** The connection as a two-way stream of bytes. Nothing is sent until its `open`; the journal waits for the handler's return. */
  hijack(): Hijacked;
  /** The connection itself, once the client has been told that it is another protocol's from now on. Only for a request that asks to upgrade. */
  upgrade(protocol: string): Socket;
  /** The connection as a WebSocket's bytes, already open. Throws when the client did not ask for one. */
  webSocket(): Promise<Hijacked>;
  /** A whole answer that is not JSON. */
  answer(status: number, headers: Record<string, string>, body: string): void;
  /** Every value of a parameter that may come several times. */
  queryAll(name: string): string[];
  /** What went wrong after the status had been sent. */
  failed(message: string): void;
}

export interface ResponseStream {
  /** Resolves when the client has room for more; at once when it has gone. */
  write(data: string | Buffer): Promise<void>;
  end(): void;
}

export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** Set when the client asked to upgrade the connection to this route. */
  upgraded: { socket: Socket; head: Buffer } | null;
}

export class ActiveCall implements Call {
  readonly api: Api;
  readonly version: string;
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  readonly signal: AbortSignal;
  private readonly exchange: Exchange;
  private readonly asked: Omit<ApiCall, 'status' | 'timeNano'>;
  private readonly report: (call: ApiCall) => void;
  private readonly quiet: boolean;
  private readonly ended = new AbortController();
  private subject: Container | null = null;
  private late: string | undefined;
  private reported = false;
  /** The head has been sent: errors can no longer be a status. */
  answered = false;
  openedStatus = 200;

  constructor(api: Api, report: (call: ApiCall) => void, exchange: Exchange, match: Match, about: { version: string; path: string; query: Record<string, string> }) {
    this.api = api;
    this.exchange = exchange;
    this.version = about.version;
    this.params = match.params;
    this.query = about.query;
    this.signal = this.ended.signal;
    this.quiet = match.route.quiet;
    this.report = report;
    this.asked = { method: match.route.method, path: about.path, query: about.query };
    const end = () => this.ended.abort();
    exchange.response.once('close', end);
    exchange.upgraded?.socket.once('close', end);
  }

  container(): Container {
    this.subject = this.api.verbs.resolve(this.api.host, this.params.id!);
    return this.subject;
  }

  header(name: string): string | undefined { return this.exchange.request.headers[name]?.toString(); }

  about(container: Container) { this.subject = container; }
  failed(message: string) { this.late = message; }

  answer(status: number, headers: Record<string, string>, body: string) {
    this.answered = true;
    this.openedStatus = status;
    this.exchange.response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
  }

  queryAll(name: string): string[] {
    const { url = '' } = this.exchange.request;
    return url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))).getAll(name) : [];
  }

  input(): AsyncIterable<Buffer> {
    return this.exchange.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>; // the answer still has to go out
  }

  stream(contentType: string, options: { reportAtEnd?: boolean; headers?: Record<string, string> } = {}): ResponseStream {
    const { response } = this.exchange;
    response.writeHead(200, { ...options.headers, 'Content-Type': contentType });
    response.flushHeaders();
    this.answered = true;
    if (!options.reportAtEnd) this.done(200);
    return {
      write: data => new Promise(resolve => {
        if (response.destroyed || response.closed || response.write(data)) return resolve();
        const ready = () => { response.off('drain', ready).off('close', ready); resolve(); };
        response.on('drain', ready).on('close', ready);
      }),
      end: () => void response.end(),
    };
  }

  hijack(): Hijacked {
    const { upgraded, request, response } = this.exchange;
    const onOpen = (status: number) => { this.answered = true; this.openedStatus = status; };
    return upgraded ? hijackSocket(upgraded.socket, upgraded.head, onOpen) : hijackResponse(request, response, onOpen);
  }

  upgrade(protocol: string): Socket {
    const { upgraded } = this.exchange;
    if (!upgraded) throw new SlipwayError('InvalidParameter', `this needs a connection that is upgraded to ${protocol}`);
    this.answered = true;
    this.openedStatus = 101;
    upgraded.socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`);
    if (upgraded.head.length) upgraded.socket.unshift(upgraded.head);
    return upgraded.socket;
  }

  async webSocket(): Promise<Hijacked> {
    const { upgraded, request } = this.exchange;
    if (!upgraded || (this.header('upgrade') ?? '').toLowerCase() !== 'websocket') throw new SlipwayError('InvalidParameter', 'this needs a WebSocket');
    const client = await hijackWebSocket(request, upgraded.socket, upgraded.head);
    this.answered = true;
    this.openedStatus = 101;
    return client;
  }

  /** Writes the journal's entry unless it is there already. */
  done(status: number, message = this.late) {
    if (this.reported || this.quiet) return;
    this.reported = true;
    const record = this.subject?.record;
    this.report({
      ...this.asked, status,
      ...(message === undefined ? {} : { message }),
      ...(record ? { container: { id: record.id, name: record.name } } : {}),
      timeNano: Number(nowNano()),
    });
  }
}
