// A layer's archive as overlayfs wants it on disk: `.wh.x` becomes a character device 0,0 named x, `.wh..wh..opq` becomes the xattr
// user.overlay.opaque of its directory (labs mount overlays with userxattr), and any overlay xattr that the archive itself brings is dropped,
// since it could reach into other layers. Called by set-up for library layers. The whole archive is untrusted input.
// https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#whiteouts
import { posix } from 'node:path';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract, pack, type Header, type Pack } from 'tar-stream';
import { attributesAsBytes, attributesAsText } from './pax-bytes.ts';

type Attributes = Record<string, string>;
type Headers = Partial<Omit<Header, 'pax'>> & { name: string; pax?: Attributes | undefined };

const XATTR = 'SCHILY.xattr.';
const OPAQUE = 'user.overlay.opaque';
const CAPABILITIES = 'security.capability';
/** The attributes that tar has to restore after this. */
export const OVERLAY_XATTRS = ['user.*', CAPABILITIES];

/** An uncompressed OCI layer in, a tar archive for an overlay's lower directory out. Errors of either side destroy the result. */
export function toOverlay(layer: Readable): Readable {
  const out = pack();
  convert(layer, out).then(() => out.finalize(), (error: Error) => out.destroy(error));
  const written = attributesAsBytes();
  pipeline(out as unknown as Readable, written).catch(() => {}); // whoever reads it sees the failure
  return written;
}

async function convert(layer: Readable, out: Pack): Promise<void> {
  const input = extract();
  // Directories by name, for the whiteouts that come after them; names that are whited out, for the directories that come after those.
  const directories = new Map<string, Headers>();
  const present = new Set<string>();
  const hidden = new Set<string>();
  const feeding = pipeline(layer, attributesAsText(), input as unknown as NodeJS.WritableStream);
  feeding.catch(() => {}); // the loop below sees the same failure; it is thrown from there
  for await (const entry of input) {
    const header = { ...entry.header, pax: keptAttributes(entry.header.pax) };
    const name = plainName(header.name);
    const base = posix.basename(name);
    const parent = posix.dirname(name);
    if (!base.startsWith('.wh.')) {
      present.add(name);
      if (header.type === 'directory') {
        directories.set(name, header);
        if (hidden.has(name)) header.pax = opaque(header);
      }
      await copyEntry(out, header, entry);
      continue;
    }
    entry.resume();
    if (base === '.wh..wh..opq') {
      const directory = directories.get(parent) ?? plainDirectory(parent, header);
      await put(out, { ...directory, pax: opaque(directory) });
    } else if (!base.startsWith('.wh..wh.')) { // others of that form are aufs's own records
      const target = posix.join(parent, base.slice('.wh.'.length));
      hidden.add(target);
      const directory = directories.get(target);
      // A whiteout speaks of the layers below only: what this layer itself has stays.
      if (directory) await put(out, { ...directory, pax: opaque(directory) });
      else if (!present.has(target)) await put(out, { ...plainDirectory(target, header), type: 'character-device', mode: 0, devmajor: 0, devminor: 0 });
    }
  }
  await feeding;
}

const opaque = (header: Headers) => ({ ...header.pax, [`${XATTR}${OPAQUE}`]: 'y' });
const plainDirectory = (name: string, like: Headers): Headers => ({ name, type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: like.mtime ?? new Date(0) });

function plainName(name: string): string {
  const normal = posix.normalize(`/${name}`).slice(1).replace(/\/$/, '');
  return normal === '' ? '.' : normal;
}

/** tar-stream writes path and size itself; of the rest only a user's own attributes and a program's capabilities go on. */
function keptAttributes(pax: unknown): Attributes | undefined {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries((pax ?? {}) as Attributes)) {
    if (key === `${XATTR}${CAPABILITIES}` || (key.startsWith(`${XATTR}user.`) && !key.includes('.overlay.'))) kept[key] = value;
  }
  return Object.keys(kept).length ? kept : undefined;
}

function put(out: Pack, header: Headers): Promise<void> {
  return new Promise((resolve, reject) => {
    const entry = out.entry(header, error => error ? reject(error) : resolve());
    entry.end(undefined);
  });
}

async function copyEntry(out: Pack, header: Headers, body: unknown): Promise<void> {
  const done = Promise.withResolvers<void>();
  const entry = out.entry(header, error => error ? done.reject(error) : done.resolve());
  await Promise.all([pipeline(body as NodeJS.ReadableStream, entry as unknown as NodeJS.WritableStream), done.promise]);
}
