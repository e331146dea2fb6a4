// What is done to layers inside a lab, as shell functions for the toolbox's static busybox (whose shell runs its own applets, whatever PATH
// says) and its GNU tar. Run by helpers as the lab's root: an archive that misbehaves meets only the lab's own disk and quota.
// Names are passed NUL-separated or as arguments, never as script text. https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md
import { hostToolboxDir } from '../paths.ts';
import { localLayersDir } from './layer-path.ts';

/** `pack UPPER MARKS`: an overlay's upper directory as an OCI layer on stdout, the same bytes for the same files. MARKS is a fresh directory. */
const PACK = `
pack() {
  cd "$1" && mkdir -p "$2" || return 1
  upper=$1 marks=$2
  set --
  # What the runtime makes so that it can mount over it is no change of the container's.
  for f in .dockerenv dev/console etc/hosts etc/hostname etc/resolv.conf; do
    if [ -f "./$f" ] && [ ! -L "./$f" ] && [ ! -s "./$f" ]; then set -- "$@" ! -path "./$f"; fi
  done
  for d in dev/pts dev/shm dev/mqueue proc sys; do
    if [ -d "./$d" ] && [ ! -L "./$d" ] && [ -z "$(ls -A "./$d")" ]; then set -- "$@" ! -path "./$d"; fi
  done
  for d in dev etc; do
    if [ -d "./$d" ] && [ ! -L "./$d" ] && [ -n "$(ls -A "./$d")" ] && [ -z "$(find "./$d" -mindepth 1 "$@" | head -n 1)" ]; then set -- "$@" ! -path "./$d"; fi
  done
  find . -mindepth 1 \\( -type c -o -type d \\) -print0 > "$marks.special"
  if [ -s "$marks.special" ]; then
    xargs -0 sh -c 'for f; do [ ! -c "$f" ] || { mkdir -p "$0/\${f%/*}" && touch -d @0 "$0/\${f%/*}/.wh.\${f##*/}"; } || exit 255; done' "$marks" < "$marks.special" || return 1
    xargs -0 getfattr -h -n user.overlay.opaque < "$marks.special" 2>/dev/null |
      awk '/^# file: /{f=substr($0,9)} /^user.overlay.opaque="y"/{print f}' | while IFS= read -r d; do mkdir -p "$marks/$d" && touch -d @0 "$marks/$d/.wh..wh..opq"; done
    (cd "$marks" && find . -type f -print0 | sort -z) > "$marks.whiteouts"
  else
    : > "$marks.whiteouts"
  fi
  find . -mindepth 1 ! -type c "$@" -print0 | sort -z > "$marks.files"
  if [ ! -s "$marks.files" ] && [ ! -s "$marks.whiteouts" ]; then head -c 1024 /dev/zero; return; fi
  "$tar" -c --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --numeric-owner $kept --no-recursion --warning=no-file-ignored \\
    --transform='s,^\\./,,rSh' --null -C "$upper" -T "$marks.files" -C "$marks" -T "$marks.whiteouts"
  [ $? -le 1 ] # 1: a file changed while it was read
}`;

/** `plain COMPRESSION`: stdin without it; `gz`: stdin with gzip's, as registries are sent it. `through SUM KEEP`: stdin as it is, with its digest in one file and its bytes in another (empty: not that); `sum_in FILE` sets $sum to it. A lab that was made with an older toolbox has less of that: then busybox's do it, more slowly. */
const PLAIN = `
through() {
  if [ -x "\${tar%/*}/hashpipe" ]; then "\${tar%/*}/hashpipe" "$1" "$2"; return; fi
  [ -n "$1" ] || { tee "$2"; return; }
  mkfifo "$1.pipe" || return 1
  sha256sum < "$1.pipe" > "$1" &
  if [ -n "$2" ]; then tee "$1.pipe" "$2"; else tee "$1.pipe"; fi || return 1
  wait $!
  rm "$1.pipe"
}
packed_layer() { # DIRECTORY MARKS: the archive of a layer
  if [ -f "$1/layer.tar.gz" ]; then ungzip < "$1/layer.tar.gz"; elif [ -f "$1/layer.tar" ]; then cat "$1/layer.tar"; else (pack "$1/diff" "$2"); fi
}
sum_in() { read -r sum _ < "$1" && sum=sha256:$sum; }
ungzip() { if [ -x "\${tar%/*}/igzip" ]; then "\${tar%/*}/igzip" -d -c; else gunzip; fi; }
gz() { if [ -x "\${tar%/*}/igzip" ]; then "\${tar%/*}/igzip" -n -3 -c; else gzip -n -4 -c; fi; }
plain() { case $1 in gzip) ungzip ;; bzip2) bunzip2 ;; xz) unxz ;; zstd) "\${tar%/*}/zstd" -q -d -c ;; *) cat ;; esac; }`;

/**
 * `untar OPTIONS…`: an archive from stdin. Devices, which nobody can make in a user namespace, are left out, as dockerd does in one. tar itself
 * tries on when the disk is full, ten gigabytes of zeros to the last one: it is ended at the first word of that. `untar_ended`: of one that surely has an end.
 */
const UNTAR = `
ended() { "$@" && head -c 1024 /dev/zero; } # Go's archives may end without an end
untar() { ended cat | untar_ended "$@"; }
untar_ended() {
  # what follows the archive's end is read too: it counts for its digest
  { sh -c 'echo $$; exec "$0" "$@" 2>&1' "$tar" -x -b 128 --numeric-owner --warning=no-timestamp "$@"; r=$?; [ $r -gt 128 ] || cat > /dev/null; echo "end $r"; } | heed
}
heed() {
  read -r archiver
  code=1 lines=0 bad=
  while IFS= read -r line; do
    case $line in
      "$tar: "*) ;;
      'end '*) code=\${line#end }; continue ;;
    esac
    case $line in
      *': Cannot mknod: Operation not permitted' | *': Exiting with failure status due to previous errors') continue ;;
      *': Removing leading '* | *': Ignoring unknown extended header '*) ;;
      *) bad=1 ;;
    esac
    lines=$((lines + 1))
    [ $lines -gt 20 ] || echo "$line" >&2
    case $line in *': Disk quota exceeded' | *': No space left on device' | *': Wrote only '*) kill -9 "$archiver" 2> /dev/null ;; esac
  done
  [ "$code" = 0 ] || { [ "$code" = 2 ] && [ -z "$bad" ]; }
}`;

/** `unpack DIRECTORY`: an OCI layer from stdin, with an end, as an overlay's lower directory. */
const UNPACK = `
unpack() {
  untar_ended $as_is $kept -C "$1" || return 1
  cd "$1" || return 1
  find . -name '.wh.*' ! -type d -print0 | xargs -0 -r sh -c '
    for f; do
      d=\${f%/*} n=\${f##*/}
      touch -r "$d" "$0.time" && rm -f "$f" || exit 255
      t=$d/\${n#.wh.}
      case $n in
        .wh..wh..opq) printf "%s\\\\0" "$d" ;;
        .wh..wh.* | .wh. | .wh.. | .wh...) ;; # records of aufs, and names that are none
        *) if [ -d "$t" ] && [ ! -L "$t" ]; then printf "%s\\\\0" "$t"; elif [ ! -e "$t" ] && [ ! -L "$t" ]; then mknod "$t" c 0 0 || exit 255; fi ;;
      esac
      touch -r "$0.time" "$d"
    done' "$1" > "$1.opaque" || return 1
  [ ! -s "$1.opaque" ] || "$tar" -c --format=posix --no-recursion --pax-option='SCHILY.xattr.user.overlay.opaque:=y' --null -T "$1.opaque" |
    "$tar" -x -p --same-owner --numeric-owner --delay-directory-restore --xattrs --xattrs-include='user.*' || return 1
  rm -f "$1.opaque" "$1.time"
}`;

/** `measure DIRECTORY`: sets $bytes, what its files take when they are written out; fails when no disk like this one could hold them, since they are mostly holes. */
const MEASURE = `
measure() {
  bytes=$(find "$1" -type f -print0 | xargs -0 -r stat -c '%h %i %s' | awk '$1 == 1 || !seen[$2]++ {s+=$3} END {printf "%.0f", s}')
  [ "$bytes" -le $(($(stat -f -c '%b * %S' "$1"))) ] || { echo "files of $bytes bytes: no space left on device" >&2; return 1; }
}`;

/** `settle SCRATCH BELOW DIFFID`: the finished layer takes its place; says `diffId chainId bytes`. BELOW is the chain id of the layer below, or empty; $bytes is known, and $empty may name a digest that takes no place. */
const SETTLE = `
settle() {
  chain=$3
  [ -z "$2" ] || { chain=$(printf '%s %s' "$2" "$3" | sha256sum) && chain=sha256:\${chain%% *}; }
  [ "$3" != "$empty" ] || { echo "$3 $chain 0"; return; } # nobody wants it
  place=\${chain#sha256:}
  place=${localLayersDir}/\${place%${'?'.repeat(40)}}
  [ -d ${localLayersDir} ] || mkdir -p ${localLayersDir}
  [ -d "$place/diff" ] || mv "$1" "$place" || return 1
  echo "$3 $chain $bytes"
}`;

/**
 * Every process costs half a millisecond here, and most layers are small: so there are as few as can be. `adopt SCRATCH BELOW EXPECTED KEEP COMMAND…`: makes a layer of the archive that the command writes, if that ends well and the digest is the expected one (empty: any); with KEEP, a file, the archive stays there. $bytes, when it is known, is not measured again.
 * `adopt_file SCRATCH BELOW EXPECTED FILE`: the same of an archive that is a file already and stays it.
 */
const ADOPT = `
adopt() {
  adopted=$1 below=$2 expected=$3 keep=$4
  shift 4
  mkdir -p "$adopted/diff" || return 1
  "$@" | ended through "$adopted.sum" "$keep" | (unpack "$adopted/diff") || return 1
  adopt_sum
}
adopt_file() {
  adopted=$1 below=$2 expected=$3
  mkdir -p "$adopted/diff" || return 1
  through "$adopted.sum" '' < "$4" > /dev/null & hashing=$!
  (unpack "$adopted/diff") < "$4" || { wait $hashing; return 1; }
  wait $hashing || return 1
  ln "$4" "$adopted/layer.tar" && adopt_sum
}
adopt_sum() {
  sum_in "$adopted.sum" || return 1
  [ -z "$expected" ] || [ "$expected" = "$sum" ] || { echo "invalid diffID for layer: expected $expected, got $sum" >&2; return 1; }
  [ -n "$bytes" ] || measure "$adopted/diff" || return 1
  settle "$adopted" "$below" "$sum"
}`;

/** `resolve ROOT PATH FOLLOW`: sets $found, where PATH leads for who has ROOT as its root; with FOLLOW also its last part. */
const RESOLVE = `
resolve() {
  found= rest=$2 hops=0
  while [ -n "$rest" ]; do
    rest=\${rest#/}
    part=\${rest%%/*}
    case $rest in */*) rest=\${rest#*/} ;; *) rest= ;; esac
    case $part in '' | .) continue ;; ..) found=\${found%/*}; continue ;; esac
    if [ -L "$1$found/$part" ] && { [ -n "$rest" ] || [ -n "$3" ]; }; then
      hops=$((hops + 1))
      [ $hops -le 40 ] || return 1
      link=$(readlink "$1$found/$part"; echo x)
      link=\${link%?x}
      case $link in /*) found= ;; esac
      rest=$link\${rest:+/$rest}
    else
      found=$found/$part
    fi
  done
}`;

const PRELUDE = `
set -o pipefail
umask 022
export LC_ALL=C
tar=${hostToolboxDir}/bin/tar
as_is='-p --same-owner --delay-directory-restore'
kept='--xattrs --xattrs-include=user.* --xattrs-include=security.capability --xattrs-exclude=*.overlay.*'
set -f # patterns above are tar's
empty= bytes=
`;

/** A helper's argv: the body's positional parameters are the arguments. The functions above are there. */
export const script = (body: string, ...args: string[]): string[] => ['busybox', 'sh', '-c', `${PRELUDE}${PACK}${PLAIN}${UNTAR}${UNPACK}${MEASURE}${SETTLE}${ADOPT}${RESOLVE}\n${body}`, 'sh', ...args];
