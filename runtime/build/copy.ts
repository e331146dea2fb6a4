// COPY and ADD: what is to be copied, its digest for the cache, and the copying, all inside the lab. Called by builder.ts.
// Sources are a build context or another image's files; symlinks in either lead no further than their root.
import { changesOf } from './upper.ts';
import { readOnly } from '../container/changes.ts';
import { SlipwayError } from '../errors.ts';
import type { ImageLayer } from '../image/model.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';

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
  /** An empty layer rather than none. */
  keepEmpty?: boolean;
  signal?: AbortSignal;
}

/** The layer above `below` that has the files, or null when nothing has changed. */
export function copy(host: Place, below: readonly ImageLayer[], options: CopyOptions): Promise<ImageLayer | null> {
  const body = `root=$1 dest=$2 add=$3 own=$4 mode=$5 keep=$6 from=$7
shift 7
who() { case $2 in *[!0-9]*) awk -F: -v n="$2" '$1 == n { print $3; exit }' "$root/etc/$1" 2>/dev/null ;; *) echo "$2" ;; esac; }
uid=0 gid=0
if [ -n "$own" ]; then
  uid=$(who passwd "\${own%%:*}")
  [ -n "$uid" ] || { echo "unable to convert uid/gid chown string to host mapping: can't find uid for user \${own%%:*}: no such user: \${own%%:*}" >&2; exit 1; }
  case $own in
    *:*) gid=$(who group "\${own#*:}"); [ -n "$gid" ] || { echo "unable to convert uid/gid chown string to host mapping: can't find gid for group \${own#*:}: no such group: \${own#*:}" >&2; exit 1; } ;;
    *) gid=$(awk -F: -v n="$uid" '$3 == n { print $4; exit }' "$root/etc/passwd" 2>/dev/null); gid=\${gid:-$uid} ;;
  esac
fi
owners="--owner=+$uid --group=+$gid"
[ -z "$keep" ] || owners=
modes=
[ -z "$mode" ] || modes=--mode=$mode
make() { # directories that are not there yet belong to whom the files will
  [ -d "$1" ] && return
  top=$1
  while [ ! -e "\${top%/*}" ]; do top=\${top%/*}; done
  mkdir -p "$1" && chown -R "$uid:$gid" "$top"
}
compression() {
  case $(head -c 6 "$1" | hexdump -ve '1/1 "%02x"') in 1f8b08*) echo gzip ;; 425a68*) echo bzip2 ;; fd377a585a00) echo xz ;; 28b52ffd*) echo zstd ;; *) echo none ;; esac
}
is_archive() { [ "$(plain "$(compression "$1")" < "$1" 2>/dev/null | head -c 262 | tail -c 5)" = ustar ]; }
while [ $# -gt 0 ]; do
  source=$1 name=$2
  shift 2
  if [ -d "$from$source" ]; then
    resolve "$root" "$dest" 1 && make "$root$found" || exit 1
    cd "$from$source" || exit 1
    find . -mindepth 1 -maxdepth 1 -print0 | "$tar" -c --format=posix --numeric-owner $kept $owners $modes --null -T - | "$tar" -x -p --same-owner --numeric-owner --keep-directory-symlink $kept -C "$root$found" || exit 1
    continue
  fi
  if [ -n "$add" ] && is_archive "$from$source"; then
    resolve "$root" "$dest" 1 && make "$root$found" || exit 1
    plain "$(compression "$from$source")" < "$from$source" | untar $as_is --keep-directory-symlink $kept -C "$root$found" || exit 1
    continue
  fi
  resolve "$root" "$dest" 1 || exit 1
  case $dest in */) into=1 ;; *) into=; [ ! -d "$root$found" ] || into=1 ;; esac
  if [ -n "$into" ]; then make "$root$found" && resolve "$root" "$dest/$name" 1 || exit 1; else make "$root\${found%/*}" || exit 1; fi
  [ ! -d "$root$found" ] || { echo "cannot copy to directory: $found" >&2; exit 1; }
  cp -p "$from$source" "$root$found" || exit 1
  [ -n "$keep" ] || chown "$uid:$gid" "$root$found" || exit 1
  [ -z "$mode" ] || chmod "$mode" "$root$found" || exit 1
done`;
  const from = rootOf(options.source);
  const flag = (value: boolean) => (value ? '1' : '');
  return changesOf(host, below, {
    argv: root => script(body, root, options.destination, flag(options.unpack), options.chown, options.chmod, flag(options.keepOwners), from.root, ...options.found.flatMap(f => [f.path, f.name])),
    before: from.before, after: from.after, keepEmpty: options.keepEmpty ?? false, ...(options.signal ? { signal: options.signal } : {}),
  });
}

function rootOf(source: Source) {
  if ('directory' in source) return { root: source.directory, before: [], after: [] };
  const { lower, before, after } = readOnly(source.layers);
  return { root: lower, before, after };
}
