// The connection of an attach or exec, taken over from HTTP: bytes in, bytes (or Docker's frames) out, back-pressure both ways.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach
// Called by call.ts; attach.ts and exec.ts join it to an Attachment. Knows nothing of containers.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { SlipwayError } from '../errors.ts';
import { identityHeaders } from './version.ts';

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

/** A client that does not close its side after we closed ours is cut off after this. */
const LINGER_MS = 10_000;

export interface Hijacked {
  /** The client asked to upgrade, so it may be told of multiplexing by the content type. */
  readonly upgraded: boolean;
  readonly opened: boolean;
  /** Sends the answer's head. Idempotent. */
  open(contentType: string): void;
  /** False: wait for `onDrain`. */
  write(data: Buffer): boolean;
  onDrain(listener: () => void): void;
  /** Starts the flow of input. `onInput` answers false to stop it until `resume`. `onGone`: the client closed the connection. */
  listen(listeners: { onInput(data: Buffer): boolean; onInputEnd(): void; onGone(): void }): void;
  resume(): void;
  /** No more output. Idempotent. */
  end(): void;
}

/** The form of today's clients: `Connection: Upgrade`, `Upgrade: tcp`. */
export function hijackSocket(socket: Socket, head: Buffer, onOpen: (status: number) => void): Hijacked {
  const open = (contentType: string) => {
    const headers = Object.entries({ 'Content-Type': contentType, 'Connection': 'Upgrade', 'Upgrade': 'tcp', ...identityHeaders });
    socket.write(`HTTP/1.1 101 UPGRADED\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    onOpen(101);
  };
  if (head.length) socket.unshift(head);
  return new DuplexHijack(socket, socket, true, open);
}

/** The form without an upgrade: the request's body is the input, the answer's body the output, ended by closing the connection. */
export function hijackResponse(request: IncomingMessage, response: ServerResponse, onOpen: (status: number) => void): Hijacked {
  const open = (contentType: string) => {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { 'Content-Type': contentType, 'Connection': 'close' });
    response.flushHeaders();
    onOpen(200);
  };
  return new DuplexHijack(request, response, false, open);
}

const MAX_MESSAGE = 1 << 20; // bytes

/** Messages of a WebSocket, whose bounds mean nothing. It is open when this resolves; a handshake that is wrong is answered, and rejects. */
export function hijackWebSocket(request: IncomingMessage, socket: Socket, head: Buffer): Promise<Hijacked> {
  const server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    server.once('wsClientError', error => {
      reject(new SlipwayError('InvalidParameter', error.message));
    });
    server.handleUpgrade(request, socket, head, webSocket => {
      const stream = createWebSocketStream(webSocket);
      const client = new DuplexHijack(stream, stream, false, () => {});
      client.open('');
      resolve(client);
    });
  });
}

class DuplexHijack implements Hijacked {
  opened = false;
  readonly upgraded: boolean;
  private readonly input: IncomingMessage | Duplex;
  private readonly output: ServerResponse | Duplex;
  private readonly sendHead: (contentType: string) => void;
  private ended = false;

  constructor(input: IncomingMessage | Duplex, output: ServerResponse | Duplex, upgraded: boolean, sendHead: (contentType: string) => void) {
    this.input = input;
    this.output = output;
    this.upgraded = upgraded;
    this.sendHead = sendHead;
    // A broken connection also closes, and close is what is listened to.
    input.on('error', () => {});
    output.on('error', () => {});
  }

  open(contentType: string) {
    if (this.opened) return;
    this.opened = true;
    this.sendHead(contentType);
  }

  write(data: Buffer): boolean {
    if (this.ended || this.output.destroyed) return true;
    return this.output.write(data);
  }

  onDrain(listener: () => void) { this.output.on('drain', listener); }

  listen(listeners: { onInput(data: Buffer): boolean; onInputEnd(): void; onGone(): void }) {
    this.output.once('close', listeners.onGone);
    if (this.output.destroyed) return listeners.onGone();
    this.input.on('data', (data: Buffer) => { if (!this.ended && !listeners.onInput(data)) this.input.pause(); });
    if (this.input.readableEnded) listeners.onInputEnd(); // its body has been read: there is no more
    else this.input.once('end', listeners.onInputEnd);
  }

  resume() { this.input.resume(); }

  end() {
    if (this.ended) return;
    this.ended = true;
    this.output.end();
    this.input.resume(); // what the client still sends goes nowhere, so that its end is seen
    const linger = setTimeout(() => this.input.destroy(), LINGER_MS);
    linger.unref();
    this.output.once('close', () => clearTimeout(linger));
  }
}

/** One frame of the multiplexed stream: [stream, 0, 0, 0, length big endian], payload. */
export function frame(stream: 1 | 2, data: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEAD + data.length);
  frameHead(framed, 0, stream, data.length);
  data.copy(framed, FRAME_HEAD);
  return framed;
}

export const FRAME_HEAD = 8; // bytes
export function frameHead(into: Buffer, at: number, stream: 1 | 2, size: number) {
  into.writeUInt32BE(stream << 24, at);
  into.writeUInt32BE(size, at + 4);
}
