// Typed request/response over a unix socket: one JSON object a line, `{id, verb, body, request}` → `{id, ok}` or `{id, error}`.
// A verb that streams answers `{id, item}` any number of times, then `{id, ok}`. Used by broker and engine control.
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { z } from 'zod';
import { asSlipwayError, SlipwayError, type ErrorKind } from './errors.ts';
import { currentRequest, inRequest } from './request.ts';

type Verb = { request: z.ZodType; response: z.ZodType; item?: z.ZodType };
export type Verbs = Record<string, Verb>;
type ItemOf<V extends Verb> = V extends { item: infer I extends z.ZodType } ? z.output<I> : never;

/** What answers a verb. `emit` sends an item of a streaming verb; `signal` aborts when the caller has gone. */
export type Handlers<V extends Verbs> = {
  [K in keyof V]: (body: z.output<V[K]['request']>, context: { emit: (item: ItemOf<V[K]>) => Promise<void>; signal: AbortSignal }) => Promise<z.input<V[K]['response']>>;
};

/** The other side could not be reached (nothing was done), or was lost before it answered (who knows what was done). */
export class ConnectionError extends SlipwayError {
  readonly reached: boolean;
  constructor(reached: boolean, message: string, options?: ErrorOptions) {
    super('Unavailable', message, options);
    this.reached = reached;
  }
}

const MAX_LINE = 16 << 20; // bytes; a container's whole plan travels in one line

/** What became of a verb: its answer, or the kind of its error. */
export type Done = (verb: string, outcome: { ms: number; ok?: unknown; error?: ErrorKind }) => void;

/** Serves verbs on a listening unix socket; the caller owns the server (close) and the socket file's permissions. */
export function serveRpc<V extends Verbs>(verbs: V, handlers: Handlers<V>, onError: (error: unknown, verb: string) => void = () => {}, onDone: Done = () => {}): Server {
  return createServer({ allowHalfOpen: false }, socket => {
    const gone = new AbortController();
    socket.on('close', () => gone.abort());
    socket.on('error', () => socket.destroy());
    const send = (message: unknown) => writeLine(socket, message);
    readLines(socket, line => void answer(line));

    async function answer(line: string) {
      let id: unknown = null;
      let verbName = '?';
      const started = performance.now();
      const ms = () => Math.round(performance.now() - started);
      try {
        const message = JSON.parse(line) as { id: number; verb: string; body: unknown; request?: unknown };
        id = message.id;
        verbName = message.verb;
        const verb = Object.hasOwn(verbs, verbName) ? verbs[verbName] : undefined;
        if (!verb) throw new SlipwayError('InvalidParameter', `unknown verb ${verbName}`);
        const parsed = verb.request.safeParse(message.body);
        if (!parsed.success) throw new SlipwayError('InvalidParameter', `${verbName}: ${parsed.error.issues.map(i => `${i.path.join('.')}: ${i.message}`).join('; ')}`);
        await inRequest(async () => {
          try {
            const ok = await handlers[verbName]!(parsed.data as never, { emit: item => send({ id, item }), signal: gone.signal });
            onDone(verbName, { ms: ms(), ok });
            await send({ id, ok });
          } catch (error) {
            const { kind } = asSlipwayError(error);
            if (kind === 'System' && !gone.signal.aborted) onError(error, verbName);
            onDone(verbName, { ms: ms(), error: kind });
            throw error;
          }
        }, message.request, labIn(parsed.data));
      } catch (error) {
        if (gone.signal.aborted) return;
        const known = asSlipwayError(error);
        await send({ id, error: { kind: known.kind, message: known.message } });
      }
    }
  });
}

/** A connection that calls verbs. Reconnects on the next call after a loss; calls in flight then fail with Unavailable. */
export class RpcClient<V extends Verbs> {
  private socket: Promise<Socket> | undefined;
  private next = 1;
  private readonly waiting = new Map<number, { done: (value: unknown) => void; fail: (error: Error) => void; item?: (item: unknown) => void }>();

  private readonly path: string;
  private readonly verbs: V;
  constructor(path: string, verbs: V) {
    this.path = path;
    this.verbs = verbs;
  }

  async call<K extends keyof V & string>(verb: K, body: z.input<V[K]['request']>, options: { onItem?: (item: ItemOf<V[K]>) => void } = {}): Promise<z.output<V[K]['response']>> {
    const socket = await (this.socket ??= this.connect());
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, {
        done: value => {
          const parsed = this.verbs[verb]!.response.safeParse(value);
          if (parsed.success) resolve(parsed.data as z.output<V[K]['response']>);
          else reject(new SlipwayError('System', `${verb}: unexpected answer: ${parsed.error.message}`));
        },
        fail: reject,
        ...(options.onItem ? { item: options.onItem as (item: unknown) => void } : {}),
      });
      socket.write(`${JSON.stringify({ id, verb, body, request: currentRequest()?.request })}\n`);
    });
  }

  close() {
    void this.socket?.then(s => s.destroy(), () => {});
  }

  private connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.path);
      const lost = (why: string) => {
        this.socket = undefined;
        const pending = [...this.waiting.values()];
        this.waiting.clear();
        for (const w of pending) w.fail(new ConnectionError(true, why));
      };
      socket.once('connect', () => resolve(socket));
      socket.on('error', error => {
        reject(new ConnectionError(false, `cannot reach ${this.path}: ${error.message}`, { cause: error }));
        lost(`connection to ${this.path} failed: ${error.message}`);
      });
      socket.on('close', () => lost(`connection to ${this.path} was closed`));
      readLines(socket, line => {
        const message = JSON.parse(line) as { id: number; ok?: unknown; item?: unknown; error?: { kind: ErrorKind; message: string } };
        const waiter = this.waiting.get(message.id);
        if (!waiter) return;
        if ('item' in message) return waiter.item?.(message.item);
        this.waiting.delete(message.id);
        if (message.error) waiter.fail(new SlipwayError(message.error.kind, message.error.message));
        else waiter.done(message.ok);
      });
    });
  }
}

const labIn = (body: unknown): string | undefined => {
  const lab = (body as { lab?: unknown } | null)?.lab;
  return typeof lab === 'string' ? lab : undefined;
};

function writeLine(socket: Socket, message: unknown): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  if (socket.write(`${JSON.stringify(message)}\n`)) return Promise.resolve();
  return new Promise(resolve => {
    const done = () => { socket.off('drain', done).off('close', done); resolve(); };
    socket.on('drain', done).on('close', done);
  });
}

function readLines(socket: Socket, onLine: (line: string) => void) {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) return void socket.destroy(new Error('line too long'));
    for (const line of lines) if (line) onLine(line);
  });
}
