// Receives a directory of a client's, in fsutil's protocol: first all names with what stat says, then the contents that are asked for.
// Called by context.ts. Everything is a lab's word: paths are checked, numbers bounded, and nothing touches a file of this machine.
// https://github.com/tonistiigi/fsutil/blob/master/receive.go
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { CODES, GrpcError } from './grpc.ts';
import type { Conversation } from './grpc-client.ts';
import { PacketSchema } from './messages_pb.js';

const PACKET = { stat: 0, request: 1, data: 2, fin: 3, error: 4 } as const;
/** A context of more is a mistake, and each takes memory here. */
const MAX_ENTRIES = 100_000;
/** Of all their names together. */
const MAX_NAMES = 16 << 20;
const MAX_PATH = 4096;
/** Small files are asked for ahead, so that not each waits for an answer; they are kept whole. */
const SMALL = 64 << 10;
const AHEAD = 32;

/** A file as the client tells of it. `kind` other: devices, sockets, pipes; hardlink: the file `link` once more. */
export interface FileEntry {
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'other';
  /** With set-uid, set-gid and sticky as in a tar header. */
  mode: number;
  uid: number;
  gid: number;
  size: number;
  /** Nanoseconds since 1970. */
  modTime: bigint;
  link: string;
}

/** Go's os.FileMode: https://pkg.go.dev/io/fs#FileMode */
const GO_DIR = 0x80000000, GO_SYMLINK = 0x08000000, GO_TYPES = 0x8f280000, GO_SETUID = 0x00800000, GO_SETGID = 0x00400000, GO_STICKY = 0x00100000;

export class FileReceiver {
  /** Bytes that came, for the progress. */
  received = 0;
  entries: FileEntry[] = [];
  private names = 0;
  private readonly conversation: Conversation;
  private readonly packets: AsyncIterator<Buffer>;
  private readonly onProgress: () => void;

  constructor(conversation: Conversation, onProgress: () => void = () => {}) {
    this.conversation = conversation;
    this.packets = conversation.messages[Symbol.asyncIterator]();
    this.onProgress = onProgress;
  }

  /** All names, in the client's order. */
  async list(): Promise<readonly FileEntry[]> {
    for (;;) {
      const packet = await this.next();
      if (packet.type !== PACKET.stat) throw new GrpcError(CODES.internal, `unexpected packet ${packet.type} in a list of files`);
      if (!packet.stat) return this.entries;
      if (this.entries.length >= MAX_ENTRIES) throw new GrpcError(CODES.invalidArgument, `the build context has more than ${MAX_ENTRIES} files: a .dockerignore file keeps out what the build does not need`);
      this.names += packet.stat.path.length + packet.stat.linkname.length;
      if (this.names > MAX_NAMES) throw new GrpcError(CODES.invalidArgument, 'the names of all files in the build context are too long: a .dockerignore file keeps out what the build does not need');
      this.entries.push(checked(packet.stat));
    }
  }

  /** Contents of those entries (indices into the list), in that order; each must be read to its end before the next. */
  async *contents(wanted: readonly number[]): AsyncGenerator<{ index: number; size: number; data: AsyncIterable<Buffer> }, void, void> {
    for (let at = 0; at < wanted.length;) {
      const batch = this.smallOnes(wanted, at);
      if (batch.length) {
        const whole = await this.together(batch);
        for (const index of batch) yield { index, size: whole.get(index)!.length, data: once(whole.get(index)!) };
        at += batch.length;
      } else {
        const index = wanted[at++]!;
        await this.request(index);
        const data = this.one(index);
        yield { index, size: this.entries[index]!.size, data };
      }
    }
  }

  /** Says that nothing more is wanted, and waits until the client has understood. */
  async finish(): Promise<void> {
    await this.send({ type: PACKET.fin });
    while ((await this.next()).type !== PACKET.fin) { /* nothing else matters any more */ }
    this.conversation.end();
    await this.packets.next();
  }

  private smallOnes(wanted: readonly number[], from: number): number[] {
    const batch: number[] = [];
    while (from + batch.length < wanted.length && batch.length < AHEAD && this.entries[wanted[from + batch.length]!]!.size <= SMALL) batch.push(wanted[from + batch.length]!);
    return batch;
  }

  private async together(batch: readonly number[]): Promise<Map<number, Buffer>> {
    for (const index of batch) await this.request(index);
    const open = new Map(batch.map(index => [index, [] as Buffer[]]));
    const whole = new Map<number, Buffer>();
    while (whole.size < batch.length) {
      const packet = await this.data();
      const pieces = open.get(packet.id);
      if (!pieces || whole.has(packet.id)) throw new GrpcError(CODES.internal, `unexpected data of file ${packet.id}`);
      if (packet.data.length === 0) whole.set(packet.id, Buffer.concat(pieces));
      else if (pieces.reduce((sum, piece) => sum + piece.length, packet.data.length) > 2 * SMALL) throw this.changed(packet.id);
      else pieces.push(Buffer.from(packet.data));
    }
    return whole;
  }

  /** A large file piece by piece; it must be as long as was said. */
  private async *one(index: number): AsyncGenerator<Buffer, void, void> {
    let size = 0;
    for (;;) {
      const packet = await this.data();
      if (packet.id !== index) throw new GrpcError(CODES.internal, `unexpected data of file ${packet.id}`);
      if (packet.data.length === 0) break;
      size += packet.data.length;
      if (size > this.entries[index]!.size) throw this.changed(index);
      yield Buffer.from(packet.data.buffer, packet.data.byteOffset, packet.data.byteLength);
    }
    if (size !== this.entries[index]!.size) throw this.changed(index);
  }

  private changed(index: number) { return new GrpcError(CODES.invalidArgument, `${this.entries[index]?.path ?? 'a file'} changed while it was sent`); }

  private request(index: number): Promise<void> { return this.send({ type: PACKET.request, id: index }); }
  private send(packet: { type: number; id?: number }): Promise<void> { return this.conversation.send(toBinary(PacketSchema, create(PacketSchema, packet))); }

  private async data() {
    const packet = await this.next();
    if (packet.type !== PACKET.data) throw new GrpcError(CODES.internal, `unexpected packet ${packet.type}`);
    return packet;
  }

  private async next() {
    const { value, done } = await this.packets.next();
    if (done) throw new GrpcError(CODES.unavailable, 'the client stopped sending files');
    this.received += value.length;
    this.onProgress();
    const packet = fromBinary(PacketSchema, value);
    if (packet.type === PACKET.error) throw new GrpcError(CODES.unknown, `error from sender: ${Buffer.from(packet.data).toString('utf8')}`);
    return packet;
  }
}

function checked(stat: { path: string; mode: number; uid: number; gid: number; size: bigint; modTime: bigint; linkname: string }): FileEntry {
  const { path, linkname, mode } = stat;
  if (path === '' || path.length > MAX_PATH || linkname.length > MAX_PATH || /\0/.test(path + linkname) || path.startsWith('/') || path.split('/').some(part => part === '' || part === '.' || part === '..')) {
    throw new GrpcError(CODES.invalidArgument, `invalid path in the build context: ${JSON.stringify(path.slice(0, 200))}`);
  }
  const type = (mode & GO_TYPES) >>> 0;
  const kind = type === GO_DIR ? 'directory' : type === GO_SYMLINK ? 'symlink' : type !== 0 ? 'other' : linkname ? 'hardlink' : 'file';
  const special = (mode & GO_SETUID ? 0o4000 : 0) | (mode & GO_SETGID ? 0o2000 : 0) | (mode & GO_STICKY ? 0o1000 : 0);
  const size = kind === 'file' ? Number(stat.size) : 0;
  if (!Number.isSafeInteger(size) || size < 0) throw new GrpcError(CODES.invalidArgument, `invalid size of ${JSON.stringify(path)}`);
  return { path, kind, mode: (mode & 0o777) | special, uid: stat.uid, gid: stat.gid, size, modTime: stat.modTime, link: linkname };
}

async function* once(data: Buffer): AsyncGenerator<Buffer, void, void> { if (data.length) yield data; }
