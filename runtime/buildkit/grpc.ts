// gRPC's framing over HTTP/2, for both ends of connections that clients hand to us: status, errors, length-prefixed messages.
// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
// Used by grpc-server.ts and grpc-client.ts. Frames come from labs: each is bounded before anything is kept.
import type { Readable } from 'node:stream';
import { create, toBinary } from '@bufbuild/protobuf';
import { StatusSchema } from './messages_pb.js';

export const CODES = { ok: 0, cancelled: 1, unknown: 2, invalidArgument: 3, deadlineExceeded: 4, notFound: 5, unimplemented: 12, internal: 13, unavailable: 14 } as const;

/** BuildKit's details are JSON, named by a Go type. */
export interface Detail { type: string; value: Uint8Array }

export class GrpcError extends Error {
  readonly code: number;
  readonly details: readonly Detail[];
  constructor(code: number, message: string, details: readonly Detail[] = []) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0; // not compressed
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** Bytes of messages that have not come whole yet, of all connections of a host. */
export interface Room { held: number }
const MAX_HELD = 16 << 20;

/** The messages of a stream, in order. */
export async function* messages(stream: Readable, maxBytes: number, room: Room = { held: 0 }): AsyncGenerator<Buffer, void, void> {
  let pieces: Buffer[] = [];
  let size = 0;
  let needed = 5;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      pieces.push(chunk);
      size += chunk.length;
      room.held += chunk.length;
      if (room.held > MAX_HELD) throw new GrpcError(CODES.unavailable, 'too much is being sent to this host at once');
      if (size < needed) continue;
      const held = pieces.length === 1 ? chunk : Buffer.concat(pieces); // once for each message, not for each piece of it
      let at = 0;
      for (needed = 5; held.length - at >= 5; needed = 5) {
        const length = held.readUInt32BE(at + 1);
        if (held[at] !== 0) throw new GrpcError(CODES.unimplemented, 'compressed messages are not understood');
        if (length > maxBytes) throw new GrpcError(CODES.invalidArgument, `a message of ${length} bytes is larger than ${maxBytes}`);
        needed = 5 + length;
        if (held.length - at < needed) break;
        yield held.subarray(at + 5, at + needed);
        at += needed;
      }
      pieces = [held.subarray(at)];
      room.held -= at;
      size -= at;
    }
  } finally {
    room.held -= size;
  }
}

/** The end of an answer, as trailers. */
export function trailers(error?: GrpcError): Record<string, string> {
  if (!error) return { 'grpc-status': '0' };
  const status = create(StatusSchema, { code: error.code, message: error.message, details: error.details.map(detail => ({ typeUrl: detail.type, value: detail.value })) });
  return {
    'grpc-status': String(error.code),
    'grpc-message': percentEncoded(error.message),
    ...(error.details.length ? { 'grpc-status-details-bin': Buffer.from(toBinary(StatusSchema, status)).toString('base64') } : {}),
  };
}

const percentEncoded = (text: string) => Buffer.from(text).reduce((out, byte) => out + (byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`), '');

export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
