// A client's session: while a build runs, the client serves its files, secrets and passwords to us over a connection of its own (POST /session).
// Called by solve.ts. One host's sessions are another's by no way: each host has its own list.
import type { Socket } from 'node:net';
import { CODES, GrpcError } from './grpc.ts';
import { GrpcClient, type Conversation } from './grpc-client.ts';
import { BytesSchema, CredentialsRequestSchema, CredentialsSchema, SecretRequestSchema, SecretSchema } from './messages_pb.js';
import { fromBinary } from '@bufbuild/protobuf';

/** The client opens it beside its build; as long as BuildKit waits. */
const PATIENCE_MS = 5000;
/** https://github.com/moby/buildkit/blob/v0.13.2/session/secrets/secrets.go */
const MAX_SECRET = 500 << 10;

export interface Session {
  readonly id: string;
  readonly closed: AbortSignal;
  /** A directory as the client sees it, in fsutil's protocol (receive-files.ts). */
  files(name: string, filter: { follow?: readonly string[]; exclude?: readonly string[] }, signal: AbortSignal): Conversation;
  /** Where a result goes: `docker build -o`. */
  output(metadata: Readonly<Record<string, string>>, signal: AbortSignal): Conversation;
  /** A context that came on the client's standard input. */
  upload(path: string, signal: AbortSignal): AsyncIterable<Buffer>;
  /** Null when the client has none of this name. */
  secret(id: string, signal: AbortSignal): Promise<Uint8Array | null>;
  credentials(host: string, signal: AbortSignal): Promise<{ username: string; secret: string }>;
}

export interface Sessions {
  /** Takes the connection over, for as long as it lives. */
  add(about: { id: string; methods: readonly string[] }, socket: Socket): void;
  /** Waits a little for one that is about to come. */
  get(id: string, signal: AbortSignal): Promise<Session>;
}

export function createSessions(): Sessions {
  const byId = new Map<string, Session>();
  const waiting = new Set<() => void>();
  return {
    add({ id, methods }, socket) {
      const session = sessionOn(id, new Set(methods), new GrpcClient(socket));
      byId.set(id, session);
      session.closed.addEventListener('abort', () => { if (byId.get(id) === session) byId.delete(id); }, { once: true });
      for (const wake of waiting) wake();
    },
    async get(id, signal) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const session = byId.get(id);
        if (session) return session;
        const left = deadline - Date.now();
        if (left <= 0 || signal.aborted) throw new GrpcError(CODES.unknown, `no active session for ${id}: context deadline exceeded`);
        await new Promise<void>(resolve => {
          const wake = () => { clearTimeout(timer); waiting.delete(wake); resolve(); };
          const timer = setTimeout(wake, left);
          waiting.add(wake);
        });
      }
    },
  };
}

function sessionOn(id: string, methods: ReadonlySet<string>, client: GrpcClient): Session {
  const offered = (path: string) => {
    if (!methods.has(path)) throw new GrpcError(CODES.unimplemented, `the client does not offer ${path}`);
    return path;
  };
  return {
    id,
    closed: client.closed,
    files: (name, { follow = [], exclude = [] }, signal) => client.open(offered('/moby.filesync.v1.FileSync/DiffCopy'), {
      'dir-name': name, ...names('followpaths', follow), ...names('exclude-patterns', exclude),
    }, signal),
    output: (metadata, signal) => client.open(offered('/moby.filesync.v1.FileSend/DiffCopy'), metadata, signal),
    async *upload(path, signal) {
      const conversation = client.open(offered('/moby.upload.v1.Upload/Pull'), { urlpath: path }, signal);
      for await (const message of conversation.messages) yield Buffer.from(fromBinary(BytesSchema, message).data);
    },
    async secret(name, signal) {
      try {
        const { data } = await client.unary(offered('/moby.buildkit.secrets.v1.Secrets/GetSecret'), SecretRequestSchema, SecretSchema, { id: name }, signal);
        if (data.length > MAX_SECRET) throw new GrpcError(CODES.invalidArgument, `invalid secret size ${data.length}`);
        return data;
      } catch (error) {
        if (error instanceof GrpcError && (error.code === CODES.notFound || error.code === CODES.unimplemented)) return null;
        throw error;
      }
    },
    async credentials(host, signal) {
      if (!methods.has('/moby.filesync.v1.Auth/Credentials')) return { username: '', secret: '' };
      const { username, secret } = await client.unary('/moby.filesync.v1.Auth/Credentials', CredentialsRequestSchema, CredentialsSchema, { host }, signal);
      return { username, secret };
    },
  };
}

/** Names beyond ASCII travel percent-encoded: https://github.com/moby/buildkit/blob/v0.13.2/session/filesync/filesync.go */
const names = (key: string, values: readonly string[]): Record<string, readonly string[]> => {
  if (values.length === 0) return {};
  return values.some(value => /[^\x20-\x7e]/.test(value)) ? { [key]: values.map(value => encodeURIComponent(value)), [`${key}-encoded`]: ['1'] } : { [key]: values };
};
