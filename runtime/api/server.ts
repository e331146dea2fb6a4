// HTTP for one host's socket: finds the route, decodes query and body, sends the reply or the error, tells the journal.
// Called by api.ts. One lab's clients share nothing with another's: each host has a server, and limits, of its own.
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { posix } from 'node:path';
import type { Duplex } from 'node:stream';
import { SlipwayError } from '../errors.ts';
import { inRequest } from '../request.ts';
import type { Api } from './api.ts';
import { readJson } from './body.ts';
import { ActiveCall, type Exchange } from './call.ts';
import { createReporter } from './report.ts';
import { createRouter, type Route } from './route.ts';
import { failure } from './status.ts';
import { identityHeaders, splitVersion } from './version.ts';

/** A learner's clients at one time: hundreds of `docker logs -f`; more is a loop that went wrong. */
const MAX_CONNECTIONS = 512;
/** Idle connections of client libraries are kept so long, to spare them a race with our closing. */
const KEEP_ALIVE_MS = 120_000;
/** Of a request that takes its connection over: a few flags. */
const MAX_UPGRADE_BODY = 16 << 10;

export function createApiServer(api: Api, routes: readonly Route[]): Server {
  const find = createRouter(routes);
  const report = createReporter(api.host.journal);
  const hijackable = (request: IncomingMessage) => {
    const path = (request.url ?? '').split('?')[0]!.replace(/^\/v[\d.]+(?=\/)/, '');
    return find(request.method ?? '', path)?.route.hijacks ?? false;
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 64 << 10, shouldUpgradeCallback: hijackable });
  server.maxConnections = MAX_CONNECTIONS;
  // Taken-over connections are no longer HTTP's, so closing the host closes every socket itself.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  api.host.closing.signal.addEventListener('abort', () => { for (const socket of sockets) socket.destroy(); }, { once: true });
  server.on('request', (request, response) => void inRequest(() => answer({ request, response, upgraded: null }), undefined, api.host.ref.lab));
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    const socket = stream as Socket;
    socket.on('error', () => socket.destroy());
    const length = Number(request.headers['content-length'] ?? 0);
    void takeBody(socket, head, length).then(({ body, rest }) => {
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => socket.destroySoon());
      return inRequest(() => answer({ request, response, upgraded: { socket, head: rest } }, body), undefined, api.host.ref.lab);
    }, () => socket.destroy());
  });
  return server;

  async function answer(exchange: Exchange, body: Buffer | null = null) {
    const { request, response } = exchange;
    for (const [name, value] of Object.entries(identityHeaders)) response.setHeader(name, value);
    response.on('error', () => response.destroy());
    let call: ActiveCall | null = null;
    try {
      const url = splitTarget(request.url ?? '/');
      if (request.method === 'OPTIONS') return send(response, 200, undefined);
      if (/%(?![0-9a-fA-F]{2})/.test(url.pathname)) {
        response.writeHead(400, { 'Content-Type': 'text/plain; charset=utf-8', 'Connection': 'close' }).end('400 Bad Request');
        return;
      }
      if (/\/\/|\/\.\.?(\/|$)/.test(url.pathname)) {
        response.setHeader('Location', posix.normalize(url.pathname) + url.search);
        return send(response, 301, undefined);
      }
      const { version, path } = splitVersion(url.pathname);
      const match = find(request.method ?? '', path);
      if (!match) throw new SlipwayError('NotFound', 'page not found');
      const query = Object.fromEntries(new URLSearchParams(url.search));
      call = new ActiveCall(api, report, exchange, match, { version, path, query });
      const decodedBody = match.route.body ? await readJson(request, body, match.route.body, match.route.bodyMayBeEmpty, match.route.goStruct) : undefined;
      const reply = await match.route.handle(call, match.route.query.parse(query) as never, decodedBody as never);
      if (reply) {
        call.done(reply.status);
        send(response, reply.status, reply.json);
      } else {
        call.done(call.openedStatus);
      }
    } catch (thrown) {
      const { status, message, error } = failure(thrown);
      if (error.kind === 'System' && error.cause !== undefined && !request.readableAborted) api.onError(thrown);
      call?.done(status, status >= 400 ? message : undefined);
      if (call?.answered) response.destroy();
      else send(response, status, status === 304 ? undefined : { message });
    }
  }
}

function splitTarget(target: string): { pathname: string; search: string } {
  const at = target.indexOf('?');
  return at < 0 ? { pathname: target, search: '' } : { pathname: target.slice(0, at), search: target.slice(at) };
}

function send(response: ServerResponse, status: number, json: unknown) {
  if (response.destroyed) return;
  if (json === undefined) return void response.writeHead(status, status === 204 || status === 304 ? {} : { 'Content-Length': 0 }).end();
  const text = `${JSON.stringify(json)}\n`;
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** After the head of an upgrading request Node hands over the bare socket: the body is the first `length` bytes of what follows. */
async function takeBody(socket: Socket, head: Buffer, length: number): Promise<{ body: Buffer; rest: Buffer }> {
  if (!Number.isSafeInteger(length) || length < 0 || length > MAX_UPGRADE_BODY) throw new SlipwayError('InvalidParameter', 'request body is too large');
  let bytes = head;
  while (bytes.length < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) bytes = Buffer.concat([bytes, chunk]);
    else await new Promise<void>((resolve, reject) => {
      const ready = () => { socket.off('readable', ready).off('close', gone).off('end', gone); resolve(); };
      const gone = () => { socket.off('readable', ready).off('close', gone).off('end', gone); reject(new SlipwayError('Unavailable', 'the client has gone')); };
      socket.on('readable', ready).on('close', gone).on('end', gone);
    });
  }
  return { body: bytes.subarray(0, length), rest: bytes.subarray(length) };
}

