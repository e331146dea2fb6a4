// What dockerd finds out about the host only when a container starts, in its words: whether devices are devices, subpaths stay in their volume, and
// mounts are shared as asked. Steps, since only the lab itself follows its paths; each says why it fails after `docker: `. Pure.
import type { Step } from '../kernel/protocol.ts';
import type { ContainerRecord } from './model.ts';

export function startChecks(record: ContainerRecord): Step[] {
  const check = (script: string, ...args: string[]): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', script, 'sh', ...args] });
  const devices = (record.hostConfig.Devices ?? []).map(d => d.PathOnHost);
  const subpaths = record.mounts.flatMap(m => (m.subpath ? [[m.source, m.subpath] as const] : []));
  const propagated = record.mounts.filter(m => m.type === 'bind' && /shared|slave/.test(m.propagation));
  return [
    ...(devices.length ? [check(DEVICES, ...devices)] : []),
    ...subpaths.map(([base, path]) => check(SUBPATH, base, path)),
    ...propagated.map(m => check(PROPAGATION, m.source, m.propagation)),
  ];
}

const DEVICES = `for d in "$@"; do s='docker: error gathering device information while adding custom device'
[ -e "$d" ] || { echo "$s \\"$d\\": no such file or directory"; exit 1; }
[ -c "$d" ] || [ -b "$d" ] || { echo "$s \\"$d\\": not a device node"; exit 1; }; done`;

/** A link that leads out is found by where it really leads. */
const SUBPATH = `p=$1; set -f; IFS=/; for n in $2; do p=$p/$n; [ -e "$p" ] || [ -L "$p" ] || { echo "docker: cannot access path $1/$2: lstat $p: no such file or directory"; exit 1; }; done; unset IFS
r=$(realpath "$1/$2") && b=$(realpath "$1") || { echo "docker: cannot access path $1/$2: no such file or directory"; exit 1; }
case "$r" in "$b"/*) ;; *) echo "docker: path concatenation escapes the base directory, base: $1, subpath: $2"; exit 1;; esac`;

/** The mount that holds the source, as /proc/self/mountinfo tells of it: https://docs.kernel.org/filesystems/proc.html */
const PROPAGATION = `s=$(realpath "$1") || exit 0; best=; how=
while read -r _ _ _ _ at _ rest; do case "$s/" in "\${at%/}"/*) [ \${#at} -lt \${#best} ] || { best=$at; how=\${rest%% - *}; };; esac; done </proc/self/mountinfo
case "$2:$how" in *shared:*shared:*|*slave:*shared:*|*slave:*master:*) exit 0;; esac
case "$2" in *shared) w='a shared mount';; *) w='a shared or slave mount';; esac; echo "docker: path $1 is mounted on $best but it is not $w"; exit 1`;
