// A shim for tests without root: the real frames (runtime/kernel/shim.ts) before a real shell on a real pty, with the ring and the
// back-pressure that the native one has. test/web runs the same checks against the native one.
import { createServer, type Server, type Socket } from 'node:net';
import { type IPty, spawn } from '@lydell/node-pty';
import { FROM_SHIM, TO_SHIM } from '../../runtime/kernel/shim.ts';

const RING_BYTES = 256 << 10;

export interface TestShim { pty: IPty; close(): void; }

export function startTestShim(path: string, size: { cols: number; rows: number }): Promise<TestShim> {
  const pty = spawn('bash', ['--norc', '--noprofile'], { ...size, name: 'xterm-256color', encoding: null, cwd: '/', env: { PATH: process.env.PATH ?? '', PS1: '$ ', TERM: 'xterm-256color' } });
  const clients = new Set<Socket>();
  let ring = Buffer.alloc(0);
  let blocked = 0;

  pty.onData(data => {
    const chunk = data as unknown as Buffer; // encoding: null
    ring = Buffer.concat([ring, chunk]).subarray(-RING_BYTES);
    for (const client of clients) {
      if (client.write(frame(FROM_SHIM.stdout, chunk))) continue;
      if (blocked++ === 0) pty.pause();
      const go = () => {
        client.off('drain', go).off('close', go);
        if (--blocked === 0) pty.resume();
      };
      client.on('drain', go).on('close', go);
    }
  });
  pty.onExit(({ exitCode }) => {
    const code = Buffer.alloc(4);
    code.writeInt32BE(exitCode);
    for (const client of clients) client.end(frame(FROM_SHIM.exited, code));
    server.close();
  });

  const server: Server = createServer(client => {
    client.write(frame(FROM_SHIM.hello, Buffer.from([1])));
    let rest = Buffer.alloc(0);
    client.on('data', data => {
      rest = Buffer.concat([rest, data]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        const payload = rest.subarray(8, 8 + rest.readUInt32BE(4));
        if (rest[0] === TO_SHIM.stdin) pty.write(payload as unknown as string);
        if (rest[0] === TO_SHIM.resize) pty.resize(payload.readUInt16BE(0), payload.readUInt16BE(2));
        if (rest[0] === TO_SHIM.subscribe) {
          if (payload[0]! & 2 && ring.length) client.write(frame(FROM_SHIM.stdout, ring));
          if (payload[0]! & 2) client.write(frame(FROM_SHIM.replayed, Buffer.alloc(0)));
          clients.add(client);
        }
        rest = rest.subarray(8 + payload.length);
      }
    });
    client.on('error', () => client.destroy());
    client.on('close', () => clients.delete(client));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve({
      pty,
      close() {
        server.close();
        for (const client of clients) client.destroy();
        pty.kill('SIGKILL');
      },
    }));
  });
}

function frame(type: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}
