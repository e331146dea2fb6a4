// A build's files for the client itself: `docker build -o DIRECTORY` and `-o type=tar`. Called by export.ts. Files are listed, read and packed
// inside the lab; what comes out is passed on, and only counted here.
// https://github.com/tonistiigi/fsutil/blob/master/send.go
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { z } from 'zod';
import { readOnly } from '../container/changes.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { runScript, streamHelper, type Place } from '../kernel/stream.ts';
import { EMPTY_DIFF_ID, newScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { CODES, GrpcError } from './grpc.ts';
import type { Conversation } from './grpc-client.ts';
import { BytesSchema, PacketSchema } from './messages_pb.js';

const MAX_FILES = 100_000;
const PIECE = 32 << 10;

const mountedLayers = (layers: readonly ImageLayer[]) => readOnly(layers.filter(layer => layer.diffId !== EMPTY_DIFF_ID).map(layer => layer.key));

/** The whole root as an archive. */
export async function sendArchive(host: Place, layers: readonly ImageLayer[], to: Conversation, signal: AbortSignal): Promise<void> {
  const { lower, before, after } = mountedLayers(layers);
  const { code, stderr } = await streamHelper(host, {
    argv: script('cd "$1" && find . -mindepth 1 -print0 | sort -z | "$tar" -c --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --numeric-owner $kept --no-recursion --transform=\'s,^\\./,,rSh\' --null -T -', lower),
    before, after, signal,
    onOutput: async chunk => {
      for (let at = 0; at < chunk.length; at += PIECE) await to.send(toBinary(BytesSchema, create(BytesSchema, { data: chunk.subarray(at, at + PIECE) })));
    },
  });
  if (code !== 0) throw new SlipwayError('System', stderr.trim() || 'the files could not be packed');
  to.end();
  for await (const message of to.messages) void message;
}

interface Listed { path: string; mode: number; uid: number; gid: number; size: number; time: number; link: string }

/** Every file by itself: first all names, then the contents that the client asks for. */
export async function sendFiles(host: Place, layers: readonly ImageLayer[], to: Conversation, options: { signal: AbortSignal; onSent: (bytes: number) => void }): Promise<void> {
  const { lower, before, after } = mountedLayers(layers);
  const files = await list(host, { lower, before, after }, options.signal);
  let sent = 0;
  const send = async (packet: Parameters<typeof create<typeof PacketSchema>>[1]) => {
    const bytes = toBinary(PacketSchema, create(PacketSchema, packet));
    sent += bytes.length;
    options.onSent(sent);
    await to.send(bytes);
  };
  const asked: number[] = [];
  const state = { over: false, wake: () => {} };
  const listening = (async () => {
    for await (const message of to.messages) {
      const packet = fromBinary(PacketSchema, message);
      if (packet.type === 4) throw new GrpcError(CODES.unknown, `error from receiver: ${Buffer.from(packet.data).toString('utf8')}`);
      if (packet.type === 1) {
        if (!files[packet.id] || asked.length > MAX_FILES) throw new GrpcError(CODES.invalidArgument, `there is no file ${packet.id}`);
        asked.push(packet.id);
      }
      if (packet.type === 3) break;
      state.wake();
    }
  })().finally(() => {
    state.over = true;
    state.wake();
  });
  listening.catch(() => {}); // awaited below
  for (const file of files) await send({ type: 0, stat: { path: file.path, mode: goMode(file.mode), uid: file.uid, gid: file.gid, size: BigInt(isFile(file) ? file.size : 0), modTime: BigInt(file.time) * 1_000_000_000n, linkname: file.link } });
  await send({ type: 0 });
  for (;;) {
    while (!state.over && asked.length === 0) await new Promise<void>(resolve => { state.wake = resolve; });
    if (asked.length === 0) break;
    const batch = asked.splice(0);
    await contents(host, { lower, before, after }, batch.map(id => files[id]!), async (at, data) => { await send({ type: 2, id: batch[at]!, data }); }, options.signal);
  }
  await listening;
  await send({ type: 3 });
  to.end();
}

type View = ReturnType<typeof readOnly>;
const statSchema = z.tuple([z.string().regex(/^[0-9a-f]+$/), z.coerce.number(), z.coerce.number(), z.coerce.number(), z.coerce.number(), z.coerce.number(), z.string()]);

/** Names, what stat says of each, and where links lead, each in the same order. */
async function list(host: Place, { lower, before, after }: View, signal: AbortSignal): Promise<Listed[]> {
  const body = `cd "$1" && mkdir -p "\${2%/*}" || exit 1
find . -mindepth 1 \\( -type f -o -type d -o -type l \\) -print0 | sort -z > "$2" || exit 1
cat "$2"; printf '\\0'
xargs -0 -r stat -c '%f %u %g %s %Y %h %i' < "$2"; printf '\\0'
find . -mindepth 1 -type l -print0 | sort -z | xargs -0 -r sh -c 'for f; do readlink "$f" | tr -d "\\n"; printf "\\0"; done' sh
rm -f "$2"`;
  const { code, stdout, stderr } = await runScript(host, { argv: script(body, lower, newScratch('list')), before, after, signal, maxBytes: 32 << 20 });
  if (code !== 0) throw new SlipwayError('System', stderr.trim() || 'the files could not be listed');
  const split = stdout.indexOf('\0\0');
  const names = split < 0 ? [] : stdout.slice(0, split).split('\0');
  const [stats = '', ...links] = stdout.slice(split < 0 ? 1 : split + 2).split('\0');
  if (names.length > MAX_FILES) throw new SlipwayError('InvalidParameter', `the result has more than ${MAX_FILES} files: docker build -t and docker cp are for these`);
  const lines = stats.split('\n').filter(Boolean);
  const seen = new Map<string, string>();
  return names.map((name, at): Listed => {
    const [mode, uid, gid, size, time, names, inode] = statSchema.parse(lines[at]?.split(' '));
    const kind = Number.parseInt(mode, 16);
    const path = name.slice(2);
    if ((kind & 0o170000) === 0o120000) return { path, mode: kind, uid, gid, size: 0, time, link: links.shift() ?? '' };
    const first = names > 1 && (kind & 0o170000) === 0o100000 ? seen.get(inode) : undefined;
    if (first === undefined) seen.set(inode, path);
    return { path, mode: kind, uid, gid, size: first === undefined ? size : 0, time, link: first ?? '' }; // the same file under another name
  });
}

/** The files' bytes one after the other; an empty piece ends each. */
async function contents(host: Place, { lower, before, after }: View, files: readonly Listed[], send: (at: number, data: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void> {
  let at = 0;
  let left = files[0]!.size;
  const finish = async () => {
    while (at < files.length && left === 0) {
      await send(at, new Uint8Array());
      left = files[++at]?.size ?? 0;
    }
  };
  const names = (async function* named() { for (const file of files) yield Buffer.from(`./${file.path}\0`); })();
  await streamHelper(host, {
    argv: script('cd "$1" && xargs -0 cat', lower), before, after, input: names, signal,
    onOutput: async chunk => {
      await finish();
      for (let from = 0; from < chunk.length && at < files.length;) {
        const piece = chunk.subarray(from, from + Math.min(left, PIECE));
        await send(at, piece);
        from += piece.length;
        left -= piece.length;
        await finish();
      }
    },
  });
  await finish();
  if (at < files.length) throw new SlipwayError('System', `${files[at]!.path} could not be read`);
}

const isFile = (file: Listed) => (file.mode & 0o170000) === 0o100000;
/** https://pkg.go.dev/io/fs#FileMode */
function goMode(mode: number): number {
  const kind = { 0o040000: 0x80000000, 0o120000: 0x08000000 }[mode & 0o170000] ?? 0;
  return ((mode & 0o777) | kind | (mode & 0o4000 ? 0x00800000 : 0) | (mode & 0o2000 ? 0x00400000 : 0) | (mode & 0o1000 ? 0x00100000 : 0)) >>> 0;
}
