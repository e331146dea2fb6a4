// What copies files into a mounted root, as a shell script for the toolbox (snapshot/scripts.ts has its functions). Called by copy.ts; run inside the
// lab, as its root. Arguments: the root, the destination, flags (ADD, owner, mode, owners stay, BuildKit's ways, there is an image below), where from,
// and of each source its path and its name.
/** Whom names and numbers mean in the image at $root: `who` looks one up, `owner` sets uid and gid from $user, $group and $own as BuildKit does. */
const OWNERS = `who() { case $2 in *[!0-9]*) awk -F: -v n="$2" '$1 == n { print $3; exit }' "$root/etc/$1" 2>/dev/null ;; *) echo "$2" ;; esac; }
owner() {
  case $user in
    *[!0-9]* | '')
      [ -n "$has_below" ] || { echo "invalid user index: -1" >&2; exit 1; }
      uid=$(who passwd "$user")
      [ "$user" != "$own" ] || gid=$(awk -F: -v n="$user" '$1 == n { print $4; exit }' "$root/etc/passwd" 2>/dev/null) ;;
    *) uid=$user gid=$user ;;
  esac
  case $own in *:*) named=$(who group "$group"); gid=\${named:-$gid} ;; esac
  uid=\${uid:-0} gid=\${gid:-0}
}`;

/** uid and gid of $own, in the image at $root, which may have none. */
export const OWNER_OF_FILES = `${OWNERS}
uid=0 gid=0 has_below=1
user=\${own%%:*} group=\${own#*:}
[ -z "$own" ] || owner`;

export const COPY = `root=$1 dest=$2 add=$3 own=$4 mode=$5 keep=$6 buildkit=$7 has_below=$8 from=$9
shift 9
${OWNERS}
known() { [ -n "$3" ] || { echo "unable to convert uid/gid chown string to host mapping: can't find $1 $2: no such \${1#?id for }: $2" >&2; exit 1; }; }
uid=0 gid=0
user=\${own%%:*} group=\${own#*:}
if [ -n "$own" ] && [ -z "$buildkit" ]; then
  uid=$(who passwd "$user")
  known "uid for user" "$user" "$uid"
  gid=$(who group "$group") # the user's name, when no group is given
  known "gid for group" "$group" "$gid"
elif [ -n "$own" ]; then
  owner
fi
owners="--owner=:$uid --group=:$gid" # "+5" is what the manual has, and means 0
[ -z "$keep" ] || owners=
modes=
[ -z "$mode" ] || modes=--mode=$mode
make() { # DIRECTORY [alone]: directories that are not there yet belong to whom the files will; alone: of the classic builder only the last does
  [ -d "$1" ] && return
  top=$1
  while [ ! -e "\${top%/*}" ]; do top=\${top%/*}; done
  [ -z "$2" ] || [ -n "$buildkit" ] || top=$1
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
    resolve "$root" "$dest" 1 && make "$root$found" alone || exit 1
    cd "$from$source" || exit 1
    find . -mindepth 1 -maxdepth 1 -print0 | "$tar" -c --format=posix --numeric-owner $kept $owners $modes --null -T - | "$tar" -x -p --same-owner --numeric-owner --keep-directory-symlink $kept -C "$root$found" || exit 1
    continue
  fi
  if [ -n "$add" ] && is_archive "$from$source"; then
    resolve "$root" "$dest" 1 || exit 1
    if [ -n "$buildkit" ]; then make "$root$found"; else mkdir -p "$root$found"; fi || exit 1
    plain "$(compression "$from$source")" < "$from$source" | untar $as_is --keep-directory-symlink $kept -C "$root$found" || exit 1
    continue
  fi
  resolve "$root" "$dest" 1 || exit 1
  case $dest in */) into=1 ;; *) into=; [ ! -d "$root$found" ] || into=1 ;; esac
  if [ -n "$into" ]; then make "$root$found" && resolve "$root" "$dest/$name" 1 || exit 1; else make "$root\${found%/*}" || exit 1; fi
  [ ! -d "$root$found" ] || { echo "cannot copy to directory: $found" >&2; exit 1; }
  if [ -n "$buildkit" ]; then
    called=$(printf '%s' "\${found##*/}" | sed 's/[\\\\,&]/\\\\&/g')
    "$tar" -c --format=posix --numeric-owner $kept $owners --transform="s,.*,$called,rSh" -C "$from\${source%/*}/" "./\${source##*/}" | "$tar" -x -p --same-owner --numeric-owner $kept -C "$root\${found%/*}/" || exit 1
    [ -z "$mode" ] || chmod "$mode" "$root$found" || exit 1
    continue
  fi
  cp -p "$from$source" "$root$found" || exit 1
  [ -n "$keep" ] || chown "$uid:$gid" "$root$found" || exit 1
  [ -z "$mode" ] || chmod "$mode" "$root$found" || exit 1
done`;
