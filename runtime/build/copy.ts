// COPY and ADD: what is to be copied, its digest for the cache, and the copying, all inside the lab. Called by builder.ts.
// Sources are a build context or another image's files; symlinks in either lead no further than their root.
import { readOnly } from '../container/changes.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { COPY } from './copy-script.ts';
import { changesOf } from './upper.ts';

export type Source = { directory: string } | { layers: readonly string[] };
/** `name` is what it is called in a directory: a link's own, though `path` is where it leads. */
export interface Found { kind: 'file' | 'dir'; digest: string; path: string; name: string }

/** Every source, wildcards resolved, with the digest of its content, names and modes (not times). `missing` names the one that is not there. */
export async function findSources(host: Place, source: Source, patterns: readonly string[], signal?: AbortSignal): Promise<Found[] | { missing: string }> {
  const body = `root=$1
shift
for pattern; do
  any=
  cd "$root" || exit 1
  case $pattern in
    *[*?[]*) # Go's patterns: names with a dot count, and a star stops at a slash, which a fixed depth sees to
      path=$(printf %s "\${pattern#/}" | tr -s /)
      slashes=$(printf %s "$path" | tr -dc /)
      list=$(find . -mindepth $((\${#slashes} + 1)) -maxdepth $((\${#slashes} + 1)) -path "./$path" | sort) ;;
    *) list=$pattern ;;
  esac
  IFS='
'
  for name in $list; do
    resolve "$root" "$name" 1 || continue
    [ -e "$root$found" ] || continue
    any=1
    if [ -d "$root$found" ]; then kind=dir; cd "$root$found"; set -- . "$@"; else kind=file; cd "$root\${found%/*}/"; set -- "./\${found##*/}" "$@"; fi || exit 1
    sum=$("$tar" -c --sort=name --mtime=@0 --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime,delete=mtime --numeric-owner $kept_words "$1" | sha256sum) || exit 1
    shift
    name=\${name%/}
    echo "$kind \${sum%% *} $found//\${name##*/}"
  done
  unset IFS
  [ -n "$any" ] || { echo "missing - $pattern"; exit 0; }
done`;
  const from = rootOf(source);
  const { code, stdout, stderr } = await runScript(host, { argv: script(body.replace(' $kept_words', ''), from.root, ...patterns), before: from.before, after: from.after, ...(signal ? { signal } : {}) });
  if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || 'the files could not be read');
  const lines = stdout.split('\n').filter(Boolean).map(line => { const [kind = '', digest = '', ...path] = line.split(' '); return { kind, digest, path: path.join(' ') }; });
  const missing = lines.find(line => line.kind === 'missing');
  return missing ? { missing: missing.path } : lines.map(line => {
    const [path = '', name = ''] = line.path.split('//');
    return { kind: line.kind === 'dir' ? 'dir' : 'file', digest: line.digest, path, name };
  });
}

export interface CopyOptions {
  source: Source;
  found: readonly Found[];
  /** Absolute; a last slash means a directory. */
  destination: string;
  unpack: boolean;
  chown: string;
  chmod: string;
  /** Owners stay as they are: between stages. */
  keepOwners: boolean;
  /** A single file keeps its capabilities and other attributes, as files in a directory do; an owner whom nobody knows is root. */
  asBuildKit?: boolean;
  /** An empty layer rather than none. */
  keepEmpty?: boolean;
  signal?: AbortSignal;
}

/** The layer above `below` that has the files, or null when nothing has changed. */
export function copy(host: Place, below: readonly ImageLayer[], options: CopyOptions): Promise<ImageLayer | null> {
  const from = rootOf(options.source);
  const flag = (value: boolean) => (value ? '1' : '');
  return changesOf(host, below, {
    argv: root => script(COPY, root, options.destination, flag(options.unpack), options.chown, options.chmod, flag(options.keepOwners), flag(options.asBuildKit ?? false), flag(below.length > 0), from.root, ...options.found.flatMap(f => [f.path, f.name])),
    before: from.before, after: from.after, keepEmpty: options.keepEmpty ?? false, ...(options.signal ? { signal: options.signal } : {}),
  });
}

function rootOf(source: Source) {
  if ('directory' in source) return { root: source.directory, before: [], after: [] };
  const { lower, before, after } = readOnly(source.layers);
  return { root: lower, before, after };
}
