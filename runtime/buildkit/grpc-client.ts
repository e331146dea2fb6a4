// The client's end of gRPC on a connection that a client has handed to us (POST /session): there it is the client that serves. Called by
// session.ts. What comes back is a lab's and is bounded here.
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
import { CODES, frame, GrpcError, messages, percentDecoded } from './grpc.ts';

/** fsutil sends files in pieces of 32 KiB; a message of grpc-go is at most 4 MiB. */
const MAX_MESSAGE = 4 << 20;
/** Room for what is on its way while a file is written, per stream and connection. */
const WINDOW = 1 << 20;

export interface Conversation {
  send(message: Uint8Array): Promise<void>;
  /** Nothing more will be sent. */
  end(): void;
  /** What comes, until the server ends; throws GrpcError when it ends with an error. */
  readonly messages: AsyncIterable<Buffer>;
  /** Idempotent. */
  cancel(): void;
}

export class GrpcClient {
  /** Aborts when the connection has ended. */
  readonly closed: AbortSignal;
  private readonly session: ClientHttp2Session;

  constructor(socket: Socket) {
    const closed = new AbortController();
    this.closed = closed.signal;
    this.session = connect('http://session', { createConnection: () => socket, settings: { initialWindowSize: WINDOW, enablePush: false } });
    this.session.on('error', () => socket.destroy());
    this.session.once('connect', () => this.session.setLocalWindowSize(WINDOW));
    this.session.once('close', () => {
      socket.destroy();
      closed.abort();
    });
    socket.once('close', () => this.session.destroy());
  }

  /** A name may have several values. */
  open(path: string, metadata: Readonly<Record<string, string | readonly string[]>>, signal: AbortSignal): Conversation {
    if (this.closed.aborted || this.session.destroyed) throw new GrpcError(CODES.unavailable, 'the client has gone');
    signal.throwIfAborted();
    const stream = this.session.request({ ...(metadata as Record<string, string | string[]>), ':method': 'POST', ':path': path, 'content-type': 'application/grpc', 'te': 'trailers' }, { signal });
    stream.on('error', () => {}); // seen by those who read and write
    const ended = endOf(stream);
    ended.catch(() => {}); // thrown after the last message
    return {
      async send(message) {
        if (stream.destroyed || stream.writableEnded) return; // how it ended is told to who reads
        if (!stream.write(frame(message))) await new Promise<void>(resolve => { stream.once('drain', resolve).once('close', resolve); });
      },
      end: () => void stream.end(),
      messages: received(stream, ended),
      cancel: () => stream.close(8), // CANCEL
    };
  }

  async unary<I extends DescMessage, O extends DescMessage>(path: string, input: I, output: O, request: MessageInitShape<I>, signal: AbortSignal): Promise<MessageShape<O>> {
    const conversation = this.open(path, {}, signal);
    await conversation.send(toBinary(input, create(input, request)));
    conversation.end();
    let answer: MessageShape<O> | undefined;
    for await (const message of conversation.messages) answer ??= fromBinary(output, message);
    if (!answer) throw new GrpcError(CODES.internal, `${path} answered nothing`);
    return answer;
  }

  close(): void { this.session.close(); }
}

async function* received(stream: ClientHttp2Stream, ended: Promise<void>): AsyncGenerator<Buffer, void, void> {
  try {
    yield* messages(stream, MAX_MESSAGE);
  } catch (error) {
    if (error instanceof GrpcError) {
      stream.close(8);
      throw error;
    }
  }
  await ended;
}

/** Rejects with the error that the trailers (or a head without a body) tell of. */
function endOf(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    const judge = (headers: IncomingHttpHeaders) => {
      const code = headers['grpc-status'];
      if (code === undefined) return;
      if (code === '0') resolve();
      else reject(new GrpcError(Number(code), percentDecoded(String(headers['grpc-message'] ?? ''))));
    };
    stream.on('response', judge);
    stream.on('trailers', judge);
    stream.once('close', () => reject(new GrpcError(CODES.unavailable, 'the client has gone')));
  });
}
