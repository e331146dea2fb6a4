// Archives for tests, made entry by entry, so that they can be as wrong as a hostile client's.
import { createHash } from 'node:crypto';
import { pack, type Header } from 'tar-stream';

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

/** Those that try to write, or to be, something outside of the directory they are unpacked in, and what is said of them (null: they are taken, and harm nobody). */
export const HOSTILE: [what: string, entries: Entry[], said: RegExp | null][] = [
  ['climbs with dots', [{ name: '../../../../../../outside', body: 'evil' }], /contains '\.\.'/],
  ['names an absolute path', [{ name: '/outside', body: 'evil' }], null],
  ['writes through a symlink', [{ name: 'link', type: 'symlink', linkname: '/root' }, { name: 'link/outside', body: 'evil' }], /Cannot open: Not a directory/],
  ['writes through a symlink that climbs', [{ name: 'link', type: 'symlink', linkname: '../../../..' }, { name: 'link/outside', body: 'evil' }], /Cannot open: Not a directory/],
  ['links a file that is not its own', [{ name: 'h', type: 'link', linkname: '/etc/shadow' }, { name: 'h', body: 'evil' }], /Cannot hard link/],
  ['makes a device', [{ name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 }], /Cannot mknod: Operation not permitted/],
  ['has an owner that no lab has', [{ name: 'f', uid: 70_000, body: 'x' }], /Cannot change ownership to uid 70000/],
  ['brings attributes of overlays', [{ name: 'bin', type: 'directory', pax: { 'SCHILY.xattr.user.overlay.opaque': 'y', 'SCHILY.xattr.trusted.overlay.opaque': 'y' } }, { name: 'm', body: '1', pax: { 'SCHILY.xattr.user.overlay.redirect': '/etc/shadow' } }], null],
];
