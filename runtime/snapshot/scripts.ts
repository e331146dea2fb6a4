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
  find . -mindepth 1 -type c -print0 | xargs -0 -r sh -c 'for f; do mkdir -p "$0/\${f%/*}" && touch -d @0 "$0/\${f%/*}/.wh.\${f##*/}" || exit 255; done' "$marks" || return 1
  find . -mindepth 1 -type d -print0 | xargs -0 -r getfattr -h -n user.overlay.opaque 2>/dev/null |
    awk '/^# file: /{f=substr($0,9)} /^user.overlay.opaque="y"/{print f}' | while IFS= read -r d; do mkdir -p "$marks/$d" && touch -d @0 "$marks/$d/.wh..wh..opq"; done
  find . -mindepth 1 ! -type c "$@" -print0 | sort -z > "$marks.files"
  (cd "$marks" && find . -type f -print0 | sort -z) > "$marks.whiteouts"
  if [ ! -s "$marks.files" ] && [ ! -s "$marks.whiteouts" ]; then head -c 1024 /dev/zero; return; fi
  "$tar" -c --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --numeric-owner $kept --no-recursion --warning=no-file-ignored \\
    --transform='s,^\\./,,rSh' --null -C "$upper" -T "$marks.files" -C "$marks" -T "$marks.whiteouts"
  [ $? -le 1 ] # 1: a file changed while it was read
}`;

/** `plain COMPRESSION`: stdin without it. */
const PLAIN = `
plain() { case $1 in gzip) gunzip ;; bzip2) bunzip2 ;; xz) unxz ;; zstd) "\${tar%/*}/zstd" -q -d -c ;; *) cat ;; esac; }`;

/** `unpack DIRECTORY`: an OCI layer from stdin as an overlay's lower directory. */
const UNPACK = `
ended() { cat; head -c 1024 /dev/zero; } # Go's archives may end without an end
unpack() {
  # what follows the archive's end is read too: it counts for its digest
  ended | { "$tar" -x -p --same-owner --numeric-owner --delay-directory-restore --warning=no-timestamp $kept -C "$1"; r=$?; cat > /dev/null; exit $r; } || return 1
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

/** `settle SCRATCH BELOW DIFFID`: the finished layer takes its place; says `diffId chainId bytes`. BELOW is the chain id of the layer below, or empty. */
const SETTLE = `
settle() {
  chain=$3
  [ -z "$2" ] || chain=sha256:$(printf '%s %s' "$2" "$3" | sha256sum | cut -c 1-64)
  place=${localLayersDir}/$(printf %s "$chain" | cut -c 8-31)
  bytes=$(find "$1/diff" -type f -print0 | xargs -0 -r stat -c '%i %s' | sort -u | awk '{s+=$2} END {printf "%d", s}')
  mkdir -p ${localLayersDir}
  [ -d "$place/diff" ] || mv "$1" "$place" || return 1
  echo "$3 $chain $bytes"
}`;

/** `adopt SCRATCH BELOW KEEP EXPECTED`: makes a layer of the archive on stdin, if its digest is the expected one (empty: any); with KEEP the archive stays beside it, since nobody else could write the same bytes. */
const ADOPT = `
adopt() {
  mkdir -p "$1/diff" && mkfifo "$1/pipe" || return 1
  sha256sum < "$1/pipe" > "$1/sum" & hashing=$!
  if [ -n "$3" ]; then tee "$1/pipe" "$1/layer.tar"; else tee "$1/pipe"; fi | (unpack "$1/diff") || { wait $hashing; return 1; }
  wait $hashing
  sum=sha256:$(cut -c 1-64 "$1/sum")
  rm -f "$1/sum" "$1/pipe"
  [ -z "$4" ] || [ "$4" = "$sum" ] || { echo "invalid diffID for layer: expected $4, got $sum" >&2; return 1; }
  settle "$1" "$2" "$sum"
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
kept='--xattrs --xattrs-include=user.* --xattrs-include=security.capability --xattrs-exclude=*.overlay.*'
set -f # patterns above are tar's
`;

/** A helper's argv: the body's positional parameters are the arguments. The functions above are there. */
export const script = (body: string, ...args: string[]): string[] => ['busybox', 'sh', '-c', `${PRELUDE}${PACK}${PLAIN}${UNPACK}${SETTLE}${ADOPT}${RESOLVE}\n${body}`, 'sh', ...args];
