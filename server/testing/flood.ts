// A shim that prints whatever a test wants, as fast as it is let: for flow control, where a pty would be in the way.
import { createServer, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { FROM_SHIM, TO_SHIM } from '../../runtime/kernel/shim.ts';

export interface FloodShim {
  path: string;
  /** Bytes that the reader's side has taken. */
  taken: number;
  input: Buffer[];
  /** Writes all chunks, waiting when the connection is full; resolves when the last one was taken. */
  print(chunks: Iterable<Buffer>): Promise<void>;
  exit(code: number): void;
  close(): void;
}

export async function startFloodShim(): Promise<FloodShim> {
  const dir = mkdtempSync('/tmp/slipway-flood-');
  const path = join(dir, 's.sock');
  let connected: (socket: Socket) => void = () => {};
  const client = new Promise<Socket>(resolve => { connected = resolve; });
  const server = createServer(socket => {
    socket.on('error', () => socket.destroy());
    socket.write(frame(FROM_SHIM.hello, Buffer.from([1])));
    let rest = Buffer.alloc(0);
    socket.on('data', data => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        if (rest[0] === TO_SHIM.stdin) shim.input.push(rest.subarray(8, 8 + rest.readUInt32BE(4)));
        if (rest[0] === TO_SHIM.subscribe) {
          socket.write(frame(FROM_SHIM.replayed, Buffer.alloc(0)));
          connected(socket);
        }
        rest = rest.subarray(8 + rest.readUInt32BE(4));
      }
    });
  });
  server.listen(path);
  await once(server, 'listening');
  const shim: FloodShim = {
    path,
    taken: 0,
    input: [],
    async print(chunks) {
      const socket = await client;
      for (const chunk of chunks) {
        if (!socket.write(frame(FROM_SHIM.stdout, chunk))) await drained(socket);
        if (socket.destroyed) return;
        shim.taken += chunk.length;
      }
    },
    exit(code) {
      const payload = Buffer.alloc(4);
      payload.writeInt32BE(code);
      void client.then(socket => socket.end(frame(FROM_SHIM.exited, payload)));
    },
    close() {
      server.close();
      void client.then(socket => socket.destroy());
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return shim;
}

function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}
