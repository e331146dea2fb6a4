// Archives for tests, made entry by entry, so that they can be as wrong as a hostile client's.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack, type Header } from 'tar-stream';
import { toolboxDir } from '../../runtime/paths.ts';

export type Entry = Partial<Header> & { name: string; body?: string | Buffer };

export async function tar(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { body, ...header } of entries) archive.entry({ mtime: new Date(1_700_000_000_000), mode: header.type === 'directory' ? 0o755 : 0o644, ...header }, body ?? '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** An image of one layer as `docker save` writes it. */
export async function savedImage(name: string, layer: Buffer, { diffId = `sha256:${createHash('sha256').update(layer).digest('hex')}` } = {}): Promise<Buffer> {
  const config = JSON.stringify({ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: { Cmd: ['x'] }, rootfs: { type: 'layers', diff_ids: [diffId] }, history: [] });
  return tar([
    { name: 'config.json', body: config }, { name: 'layer.tar', body: layer },
    { name: 'manifest.json', body: JSON.stringify([{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }]) },
  ]);
}

/** A file's capabilities, version 2, effective and permitted: cap_net_raw. */
export const NET_RAW = { 'SCHILY.xattr.security.capability': '\u0001\0\0\u0002\0\u0020\0\0'.padEnd(20, '\0') };

/** A layer with a busybox that has a capability and an attribute, under two names; and what it says of them to who is not root. */
export const capableLayer = () => tar([
  { name: 'busyboxc', mode: 0o755, body: readFileSync(join(toolboxDir, 'bin', 'busybox')), pax: { ...NET_RAW, 'SCHILY.xattr.user.note': 'hello' } }, { name: 'hard', type: 'link', linkname: 'busyboxc' },
]);
export const askCapable = (image: string) => ['run', '--rm', '--user', '1000', '--entrypoint', '/busyboxc', image, 'sh', '-c', '/busyboxc grep CapEff /proc/self/status; /busyboxc stat -c %h /busyboxc; /busyboxc getfattr -n user.note /hard | /busyboxc grep -c hello'];
export const CAPABLE = 'CapEff:\t0000000000002000\n2\n1';

/** A file's header alone: what it promises need not follow. */
export function header(name: string, sizeBytes: bigint, type: string): Buffer {
  const bytes = Buffer.alloc(512);
  for (const [at, text] of [[0, name], [100, '0000644'], [108, '0000000'], [116, '0000000'], [136, '14524770400'], [148, '        '], [156, type], [257, 'ustar\x0000']] as const) bytes.write(text, at);
  if (sizeBytes >= 0n && sizeBytes < 8n ** 11n) bytes.write(sizeBytes.toString(8).padStart(11, '0'), 124);
  else {
    bytes.writeBigInt64BE(sizeBytes, 128);
    bytes.fill(sizeBytes < 0n ? 0xff : 0, 124, 128);
    bytes[124]! |= 0x80;
  }
  bytes.write(`${bytes.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** A member whose extended header is these records. */
export function extended(records: readonly [string, string][], then: Buffer): Buffer {
  const text = Buffer.from(records.map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const length = [1, 2, 3, 4, 5, 6, 7].map(digits => rest.length + digits).find(total => String(total).length + rest.length === total)!;
    return `${length}${rest}`;
  }).join(''));
  return Buffer.concat([header('PaxHeaders/x', BigInt(text.length), 'x'), text, Buffer.alloc(-text.length & 511), then]);
}

/** Ten gigabytes of zeros, as the few bytes that a compressor makes of them: `compress` is asked for a piece that is then repeated. */
export function bomb(compress: (data: Buffer) => Buffer, { gigabytes = 10, before = Buffer.alloc(0) } = {}): Buffer {
  const piece = compress(Buffer.alloc(1 << 26));
  return Buffer.concat([compress(Buffer.concat([before, header('zeros', BigInt(gigabytes) << 30n, '0')])), ...Array.from({ length: gigabytes * 16 }, () => piece), compress(Buffer.alloc(1024))]);
}

/** Those that try to write, or to be, something outside of the directory they are unpacked in, and what is said of them (null: they are taken, and harm nobody). */
export const HOSTILE: [what: string, entries: Entry[], said: RegExp | null][] = [
  ['climbs with dots', [{ name: '../../../../../../outside', body: 'evil' }], /contains '\.\.'/],
  ['names an absolute path', [{ name: '/outside', body: 'evil' }], null],
  ['writes through a symlink', [{ name: 'link', type: 'symlink', linkname: '/root' }, { name: 'link/outside', body: 'evil' }], /Cannot open: Not a directory/],
  ['writes through a symlink that climbs', [{ name: 'link', type: 'symlink', linkname: '../../../..' }, { name: 'link/outside', body: 'evil' }], /Cannot open: Not a directory/],
  ['links a file that is not its own', [{ name: 'h', type: 'link', linkname: '/etc/shadow' }, { name: 'h', body: 'evil' }], /Cannot hard link/],
  ['makes a device', [{ name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 }], null], // left out, as by a dockerd in a user namespace
  ['has an owner that no lab has', [{ name: 'f', uid: 70_000, body: 'x' }], /failed to Lchown "\/f" for UID 70000, GID 0 \(the ids of a lab end at 65535\): lchown \/f: invalid argument/],
  ['has a name of 300 bytes', [{ name: 'n'.repeat(300), body: 'x' }], /open \/n{300}: file name too long/],
  ['has a path of 5000 bytes', [{ name: `${'d'.repeat(200)}/`.repeat(25) + 'f', body: 'x' }], /file name too long/i],
  ['has a link that leads 6000 bytes far', [{ name: 'l', type: 'symlink', linkname: 'y/'.repeat(3000) }], /File name too long/],
  ['has names with newlines, options and commands in them', [{ name: 'a\nb', body: '1' }, { name: 'new\nline', type: 'directory' }, { name: 'new\nline/.wh..wh..opq' }, { name: '.wh.x\ny' }, { name: '-rf', body: '' }, { name: '--checkpoint-action=exec=sh', body: 'x' }, { name: '$(touch x)', body: 'x' }], null],
  ['has the same name several times', [{ name: 'twice', body: '1' }, { name: 'twice', body: '22' }, { name: 'twice', type: 'symlink', linkname: 'g' }], null],
  ['takes away its own root', [{ name: '.wh..wh..opq' }, { name: '.wh.' }, { name: '.wh..' }, { name: '.wh...' }, { name: './.wh..wh.plnk', type: 'directory' }], null],
  ['deletes through a symlink', [{ name: 'etc-link', type: 'symlink', linkname: '/etc' }, { name: 'etc-link/.wh.passwd' }], /Cannot open: Not a directory/],
  ['links a symlink that leads out, and writes to it', [{ name: 'out', type: 'symlink', linkname: '/etc/shadow' }, { name: 'hard', type: 'link', linkname: 'out' }, { name: 'hard', body: 'evil' }], null],
  ['has files that become root\'s', [{ name: 'setuid', mode: 0o4755, body: 'x' }], null],
  ['brings attributes of overlays', [{ name: 'bin', type: 'directory', pax: { 'SCHILY.xattr.user.overlay.opaque': 'y', 'SCHILY.xattr.trusted.overlay.opaque': 'y' } }, { name: 'm', body: '1', pax: { 'SCHILY.xattr.user.overlay.redirect': '/etc/shadow' } }], null],
];
