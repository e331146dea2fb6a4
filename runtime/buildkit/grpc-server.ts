// The server's end of gRPC on a connection that was taken over from HTTP (POST /grpc). Called by service.ts; what a method does is a handler's.
import { performServerHandshake, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { asSlipwayError } from '../errors.ts';
import { CODES, frame, GrpcError, messages, trailers, type Room } from './grpc.ts';

/** Of a client: frontend attributes, names, errors given back. */
const MAX_MESSAGE = 4 << 20;
/** A build uses about six at a time. */
const MAX_STREAMS = 64;

export interface GrpcCall {
  readonly metadata: IncomingHttpHeaders;
  /** Aborts when the client has cancelled the call or gone. */
  readonly signal: AbortSignal;
  /** Of the answer's head; before the first message. */
  header(name: string, value: string): void;
}

export interface Method {
  answer(request: Buffer, call: GrpcCall): AsyncIterable<Uint8Array>;
}

export function unary<I extends DescMessage, O extends DescMessage>(input: I, output: O, handle: (request: MessageShape<I>, call: GrpcCall) => Promise<MessageInitShape<O>> | MessageInitShape<O>): Method {
  return {
    async *answer(request, call) {
      yield toBinary(output, create(output, await handle(fromBinary(input, request), call)));
    },
  };
}

export function streaming<I extends DescMessage, O extends DescMessage>(input: I, output: O, handle: (request: MessageShape<I>, call: GrpcCall) => AsyncIterable<MessageInitShape<O>>): Method {
  return {
    async *answer(request, call) {
      for await (const message of handle(fromBinary(input, request), call)) yield toBinary(output, create(output, message));
    },
  };
}

/** Serves until the connection ends. `onError`: faults that are not the client's. `room`: that of all connections of the host. */
export function serveGrpc(socket: Socket, methods: Readonly<Record<string, Method>>, onError: (error: unknown) => void, room: Room = { held: 0 }): void {
  const session = performServerHandshake(socket, { settings: { maxConcurrentStreams: MAX_STREAMS } });
  session.on('error', () => socket.destroy());
  session.on('close', () => socket.destroy());
  session.on('stream', (stream, headers) => void serve(stream, headers).catch(onError));

  async function serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const gone = new AbortController();
    stream.on('error', () => gone.abort());
    stream.once('close', () => gone.abort());
    const head: Record<string, string | number> = { ':status': 200, 'content-type': 'application/grpc' };
    let end = trailers();
    stream.on('wantTrailers', () => { if (!stream.destroyed) stream.sendTrailers(end); });
    try {
      const method = methods[String(headers[':path'])];
      if (!method) throw new GrpcError(CODES.unimplemented, `unknown method ${String(headers[':path'])}`);
      const call: GrpcCall = { metadata: headers, signal: gone.signal, header: (name, value) => { head[name] = value; } };
      const answer = method.answer(await onlyMessage(stream, room), call)[Symbol.asyncIterator]();
      const first = answer.next();
      if (head['buildkit-current-timestamp'] !== undefined) stream.respond(head, { waitForTrailers: true }); // told at once: clients set their clocks by it
      for (let next = await first; !next.done; next = await answer.next()) {
        if (gone.signal.aborted) {
          await answer.return?.();
          return;
        }
        if (!stream.headersSent) stream.respond(head, { waitForTrailers: true });
        if (!stream.write(frame(next.value))) await drained(stream, gone.signal);
      }
    } catch (error) {
      end = trailers(asGrpcError(error));
    }
    if (stream.destroyed) return;
    if (!stream.headersSent) stream.respond(head, { waitForTrailers: true });
    stream.end();
  }
}

async function onlyMessage(stream: ServerHttp2Stream, room: Room): Promise<Buffer> {
  let found: Buffer | undefined;
  for await (const message of messages(stream, MAX_MESSAGE, room)) found ??= Buffer.from(message);
  return found ?? Buffer.alloc(0);
}

function drained(stream: ServerHttp2Stream, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const done = () => { stream.off('drain', done); signal.removeEventListener('abort', done); resolve(); };
    if (signal.aborted) return resolve();
    stream.on('drain', done);
    signal.addEventListener('abort', done);
  });
}

/** Errors of ours go out with their words; BuildKit gives most of its own the code `unknown`. */
export function asGrpcError(error: unknown): GrpcError {
  return error instanceof GrpcError ? error : new GrpcError(CODES.unknown, asSlipwayError(error).message);
}
