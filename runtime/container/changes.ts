// GET /containers/{id}/changes: what differs between a container's files and its image's. Read inside the lab: the container's own layer is
// listed, and the same names in the image's layers; what dockerd would call a change is decided here. Pure but for the helper.
// https://github.com/moby/moby/blob/v26.1.5/pkg/archive/changes_linux.go
import { randomBytes } from 'node:crypto';
import type { Step } from '../kernel/protocol.ts';
import { layerPath, lowerOf, scratchDir } from '../snapshot/layer-path.ts';
import { runScript } from '../kernel/stream.ts';
import { diffDir } from './paths.ts';
import type { Container, Host } from './model.ts';

export const KINDS = { modified: 0, added: 1, deleted: 2 } as const;
export interface Change { Path: string; Kind: number }

const MS_RDONLY = 1;
const MAX_LIST = 64 << 20; // bytes; some 500,000 changed files
/** Made by the runtime so that it can mount over them. Directories count only while nothing else is in them. */
const STUBS = new Set(['/.dockerenv', '/dev/console', '/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);
const STUB_DIRECTORIES = new Set(['/dev', '/dev/pts', '/dev/shm', '/dev/mqueue', '/proc', '/sys']);

export async function changes(host: Host, container: Container): Promise<Change[]> {
  const { record } = container;
  if (!record.hasBeenStarted) return [];
  const { lower, before, after } = readOnly(record.layers);
  const body = `cd "$1" || exit 0
find . -mindepth 1 -print0 | sort -z > "$3"
xargs -0 -r stat -c '%f %u %g %s %Y %y %n' < "$3"
echo; cd "$2" && xargs -0 -r stat -c '%f %u %g %s %Y %y %n' < "$3" 2>/dev/null
echo; cd "$1" && find . -mindepth 1 -type d -print0 | xargs -0 -r getfattr -h -n user.overlay.opaque 2>/dev/null | awk '/^# file: /{f=substr($0,9)} /^user.overlay.opaque="y"/{print f}' |
  while IFS= read -r d; do (cd "$2/$d" 2>/dev/null && find . -mindepth 1 -maxdepth 1 -exec printf '%s\\n' "$d/{}" ';'); done
rm -f "$3"; exit 0`;
  const list = `${scratchDir}/list-${randomBytes(8).toString('hex')}`;
  const { stdout } = await runScript(host, { argv: ['busybox', 'sh', '-c', body, 'sh', diffDir(record.id), lower, list], before: [{ do: 'mkdir', path: scratchDir, mode: 0o700 }, ...before], after, maxBytes: MAX_LIST });
  const [own = '', image = '', hidden = ''] = stdout.split('\n\n');
  return compare(entries(own.replace(/^\n/, '')), entries(image), hidden.split('\n').filter(Boolean).map(plain));
}

/** An image's files together: a single layer as it is, several through an overlay. */
export function readOnly(layers: readonly string[]): { lower: string; before: Step[]; after: Step[] } {
  const target = `${scratchDir}/view-${randomBytes(8).toString('hex')}`;
  if (layers.length === 1) return { lower: layerPath(layers[0]!), before: [], after: [] };
  const { lower, before } = lowerOf(layers);
  const mount: Step[] = layers.length === 0 ? [] : [...before, { do: 'mount', type: 'overlay', source: 'overlay', target, flags: MS_RDONLY, data: `lowerdir=${lower},userxattr` }];
  return { lower: target, before: [{ do: 'mkdir', path: target, mode: 0o700 }, ...mount], after: [{ do: 'umount', path: target }, { do: 'unlink', path: target }] };
}

interface Entry { mode: number; uid: string; gid: string; size: string; time: string }
const LINE = /^([0-9a-f]+) (\d+) (\d+) (\d+) -?\d+ (\S+ \S+) \S+ (.*)$/;
const plain = (name: string) => name.replace(/\/\.\//g, '/').replace(/^\./, '');

function entries(text: string): Map<string, Entry> {
  const found = new Map<string, Entry>();
  let last = '';
  for (const line of text.split('\n')) {
    const match = LINE.exec(line);
    if (match) {
      last = plain(match[6]!);
      found.set(last, { mode: Number.parseInt(match[1]!, 16), uid: match[2]!, gid: match[3]!, size: match[4]!, time: match[5]! });
    } else if (found.has(last)) { // a name with a line break in it
      const entry = found.get(last)!;
      found.delete(last);
      found.set(last = `${last}\n${line}`, entry);
    }
  }
  return found;
}

const S_IFMT = 0o170000;
const isDirectory = (e: Entry | undefined) => e !== undefined && (e.mode & S_IFMT) === 0o040000;
const isWhiteout = (e: Entry) => (e.mode & S_IFMT) === 0o020000;
const differ = (a: Entry, b: Entry) => a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid || (!isDirectory(a) && (a.size !== b.size || a.time !== b.time));

/** `hidden`: what lies in the image below directories that were removed and made anew. */
export function compare(own: Map<string, Entry>, image: Map<string, Entry>, hidden: string[]): Change[] {
  const kinds = new Map<string, number>();
  for (const [path, entry] of own) {
    const before = image.get(path);
    if (isWhiteout(entry)) kinds.set(path, KINDS.deleted);
    else if (STUBS.has(path) && entry.size === '0' && !before) continue;
    else if (!before) kinds.set(path, KINDS.added);
    else if (differ(entry, before)) kinds.set(path, KINDS.modified);
  }
  for (const path of hidden) if (!own.has(path)) kinds.set(path, KINDS.deleted);
  for (const path of kinds.keys()) if (STUB_DIRECTORIES.has(path) && kinds.get(path) === KINDS.added && ![...kinds.keys()].some(other => other.startsWith(`${path}/`) && !STUB_DIRECTORIES.has(other))) kinds.delete(path);
  // A directory in which something has changed has changed itself.
  for (const path of kinds.keys()) {
    for (let parent = path.slice(0, path.lastIndexOf('/')); parent && !kinds.has(parent); parent = parent.slice(0, parent.lastIndexOf('/'))) kinds.set(parent, KINDS.modified);
  }
  return [...kinds].map(([Path, Kind]) => ({ Path, Kind })).sort((a, b) => (a.Path < b.Path ? -1 : 1));
}
