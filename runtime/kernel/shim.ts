// Client of a shim (runtime/native/hold.c): one unix socket per task, frames of an 8-byte header and a payload.
// The header is Docker's stream framing, [type, 0, 0, 0, length big endian]
// (https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerAttach), with types of our own from 16 up.
// Any number of clients may be connected. Used by the engine (containers, execs, helpers) and by the web process (terminals).
import { createConnection, type Socket } from 'node:net';
import { EventEmitter } from 'node:events';

/** Client → shim. */
export const TO_SHIM = {
  stdin: 0,
  /** No payload: stdin is closed after what was sent before (a pty gets EOT only if the client sends it itself). */
  closeStdin: 16,
  /** u16 columns, u16 rows. */
  resize: 17,
  /** No payload: start the command. Later ones are ignored. */
  go: 18,
  /** u8 signal number, to the main process. */
  signal: 19,
  /** u8 flags: 1 = send output from now on, 2 = first send the ring (what was kept of earlier output). */
  subscribe: 20,
} as const;

/** Shim → client. */
export const FROM_SHIM = {
  stdout: 1,
  stderr: 2,
  /** u8 state: 0 waiting for go, 1 running, 2 exited; u16 columns, u16 rows of a pty, else 0. First frame on every connection. */
  hello: 32,
  /** u32 pid as seen inside the host. */
  started: 33,
  /** i32 exit code (128 + signal when killed). The last frame: all output was sent before it. */
  exited: 34,
  /** Text: which step failed and why, or the runtime's own words. The last frame. */
  failed: 35,
  /** No payload: all that was kept of earlier output has been sent; what follows is new. Answers a subscription that asked for the ring. */
  replayed: 36,
} as const;

export type TaskEnd = { kind: 'exited'; code: number } | { kind: 'failed'; message: string } | { kind: 'lost' };

interface ShimEvents {
  /** `size` of its pty, which what was kept of its output was written for. */
  hello: [state: number, size: { cols: number; rows: number } | undefined];
  output: [stream: 1 | 2, data: Buffer];
  started: [pid: number];
  replayed: [];
  end: [TaskEnd];
}

/**
 * One connection to a shim. `end` is emitted exactly once: exited, failed, or lost when the connection closes without either
 * (the shim was killed, or we called close()). Reading stops while paused, which in the end stops the command's writes.
 */
export class ShimConnection extends EventEmitter<ShimEvents> {
  private rest: Buffer = Buffer.alloc(0);
  /** Of an output frame that has come in part: what is still to come of it. */
  private open: { stream: 1 | 2; left: number } | null = null;
  private ended = false;
  readonly socket: Socket;
  private constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.on('data', chunk => this.read(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.finish({ kind: 'lost' }));
  }

  /** Rejects when the socket is not there or refuses. Frames are only delivered after the caller's synchronous listeners are on. */
  static open(path: string): Promise<ShimConnection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.pause();
        const connection = new ShimConnection(socket);
        socket.pause();
        resolve(connection);
        setImmediate(() => { if (!connection.heldBack) socket.resume(); });
      });
    });
  }

  private heldBack = false;
  pause() { this.heldBack = true; this.socket.pause(); }
  resume() { this.heldBack = false; this.socket.resume(); }

  /** False when the socket's buffer is full: wait for 'drain' on `socket` before sending more input. */
  stdin(data: Buffer): boolean { return this.send(TO_SHIM.stdin, data); }
  closeStdin() { this.send(TO_SHIM.closeStdin); }
  resize(cols: number, rows: number) {
    const payload = Buffer.alloc(4);
    payload.writeUInt16BE(cols, 0);
    payload.writeUInt16BE(rows, 2);
    this.send(TO_SHIM.resize, payload);
  }
  go() { this.send(TO_SHIM.go); }
  signal(signal: number) { this.send(TO_SHIM.signal, Buffer.from([signal])); }
  subscribe(options: { ring: boolean }) { this.send(TO_SHIM.subscribe, Buffer.from([options.ring ? 3 : 1])); }
  close() { this.socket.destroy(); }

  private send(type: number, payload: Buffer = Buffer.alloc(0)): boolean {
    if (this.socket.destroyed || !this.socket.writable) return true;
    const header = Buffer.alloc(8);
    header[0] = type;
    header.writeUInt32BE(payload.length, 4);
    if (payload.length === 0) return this.socket.write(header);
    // In one call to the kernel, without a copy: archives flow through here, and the garbage of copies costs more than all else.
    this.socket.cork();
    this.socket.write(header);
    const hasRoom = this.socket.write(payload);
    this.socket.uncork();
    return hasRoom;
  }

  private read(chunk: Buffer) {
    let buffer = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    for (;;) {
      // Output is passed on as it comes, without being put together first: frames of it are large, and their bounds mean nothing.
      if (this.open) {
        const part = buffer.subarray(0, this.open.left);
        if (part.length === 0) break;
        const { stream } = this.open;
        this.open.left -= part.length;
        if (this.open.left === 0) this.open = null;
        buffer = buffer.subarray(part.length);
        this.emit('output', stream, part);
        continue;
      }
      if (buffer.length < 8) break;
      const type = buffer[0]!;
      const size = buffer.readUInt32BE(4);
      if ((type === FROM_SHIM.stdout || type === FROM_SHIM.stderr) && size > 0) {
        this.open = { stream: type, left: size };
        buffer = buffer.subarray(8);
        continue;
      }
      if (buffer.length < 8 + size) break;
      this.frame(type, buffer.subarray(8, 8 + size));
      buffer = buffer.subarray(8 + size);
    }
    this.rest = buffer.length ? Buffer.from(buffer) : buffer;
  }

  private frame(type: number, payload: Buffer) {
    switch (type) {
      case FROM_SHIM.hello: this.emit('hello', payload[0]!, payload.length >= 5 && payload.readUInt16BE(1) ? { cols: payload.readUInt16BE(1), rows: payload.readUInt16BE(3) } : undefined); break;
      case FROM_SHIM.started: this.emit('started', payload.readUInt32BE(0)); break;
      case FROM_SHIM.replayed: this.emit('replayed'); break;
      case FROM_SHIM.exited: this.finish({ kind: 'exited', code: payload.readInt32BE(0) }); break;
      case FROM_SHIM.failed: this.finish({ kind: 'failed', message: payload.toString('utf8') }); break;
      default: break; // a newer shim may say more
    }
  }

  private finish(end: TaskEnd) {
    if (this.ended) return;
    this.ended = true;
    this.emit('end', end);
    this.socket.destroy();
  }
}
