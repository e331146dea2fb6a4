// Copying files in and out of containers (docker cp) and all of one out (docker export). Symlinks are followed as the container would, and
// everything is done inside the lab, so that a link or an archive that misbehaves leads nowhere but into the learner's own lab.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import type { Step } from '../kernel/protocol.ts';
import { scratchDir } from '../snapshot/layer-path.ts';
import { firstWords } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { runScript, streamHelper } from '../kernel/stream.ts';
import { diffDir, mergedDir, overlayDir, workDir } from './paths.ts';
import { emptyDir, overlaySteps } from './plan.ts';
import { emit, inTurn, isRunning, running } from './state.ts';
import { wait } from './wait.ts';
import type { Container, ContainerRecord, Host } from './model.ts';

export interface PathStat { name: string; size: number; mode: number; mtime: string; linkTarget: string }

/** HEAD and the header of GET /containers/{id}/archive. */
export function statPath(host: Host, container: Container, path: string): Promise<PathStat> {
  return withRoot(host, container, async root => {
    const { code, stdout } = await runScript(host, { argv: script(`${root.check}${STAT}`, root.path, path), ...root.steps, maxBytes: 16 << 10 });
    if (code === GONE) throw new ProcessGone(`container ${container.record.id} has just ended`);
    if (code !== 0) throw notThere(container, path);
    return parseStat(stdout.slice(0, stdout.indexOf('\0')), path);
  });
}

/** Finds it, and says what it is: a line, where a link leads, and a NUL. */
const STAT = `case $2 in */ | */.) resolve "$1" "$2" 1 ;; *) resolve "$1" "$2" "" ;; esac || exit 3
[ -e "$1$found" ] || [ -L "$1$found" ] || exit 3
case $2 in */) [ -d "$1$found" ] || exit 3 ;; esac
stat -c '%f %s %y' "$1$found"
[ ! -L "$1$found" ] || { own=$found; resolve "$1" "$2" 1; printf '%s' "$found"; found=$own; }
printf '\\0'
`;

function parseStat(text: string, path: string): PathStat {
  const [line = '', ...target] = text.split('\n');
  const [mode, size, day, time] = z.tuple([z.string(), z.coerce.number(), z.string(), z.string(), z.string()]).parse(line.split(' '));
  return { name: baseName(path), size, mode: goMode(Number.parseInt(mode, 16)), mtime: `${day}T${time.replace(/\.?0+$/, '')}Z`, linkTarget: target.join('\n') };
}

const MAX_STAT = 16 << 10; // bytes

/** The archive of a file or directory, named as Docker names its members. `out.stat` is told first what it is. */
export function readPath(host: Host, container: Container, path: string, out: { stat(stat: PathStat): void; write(chunk: Buffer): Promise<void>; signal: AbortSignal }): Promise<void> {
  return withRoot(host, container, async root => {
    const body = `${root.check}${STAT}if [ -d "$1$found" ] && [ ! -L "$1$found" ]; then cd "$1$found" && set -- . "s,^\\.,$3,rSh"; else cd "$1\${found%/*}/" && set -- "./\${found##*/}" "s,^\\./.*,$3,rSh"; fi || exit 3
exec "$tar" -c -b 128 -P --format=posix --pax-option=delete=atime,delete=ctime --numeric-owner $kept --warning=no-file-ignored --transform="$2" "$1"`;
    let head: Buffer | null = Buffer.alloc(0);
    const onOutput = (chunk: Buffer) => {
      if (!head) return out.write(chunk);
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf(0);
      if (end < 0 && head.length > MAX_STAT) throw new SlipwayError('System', 'a path that is too long');
      if (end < 0) return;
      out.stat(parseStat(head.toString('utf8', 0, end), path));
      const rest = head.subarray(end + 1);
      head = null;
      return rest.length ? out.write(rest) : undefined;
    };
    const { code, stderr } = await streamHelper(host, { argv: script(body, root.path, path, baseName(path).replace(/[\\,&]/g, '\\$&')), ...root.steps, onOutput, signal: out.signal });
    if (code === GONE) throw new ProcessGone(`container ${container.record.id} has just ended`);
    if (head && code === 3) throw notThere(container, path);
    if (head || code > 1) throw new SlipwayError('System', firstWords(stderr) || 'the archive could not be made'); // 1: a file changed while it was read
    emit(host, container, 'archive-path');
  });
}

/** PUT /containers/{id}/archive: unpacks into a directory that is there. */
export function writePath(host: Host, container: Container, path: string, options: { input: AsyncIterable<Buffer>; keepDirectories: boolean; compression: string; signal: AbortSignal }): Promise<void> {
  if (container.record.hostConfig.ReadonlyRootfs) throw new SlipwayError('Forbidden', 'container rootfs is marked read-only');
  return withRoot(host, container, async root => {
    const body = `${root.check}echo
resolve "$1" "$2" 1 || { cat > /dev/null; exit 3; }
[ -e "$1$found" ] || { cat > /dev/null; exit 3; }
cd "$1$found" 2> /dev/null || { cat > /dev/null; exit 4; }
[ -n "$3" ] || { untar_ended $as_is --keep-directory-symlink $4 $kept; exit; }
plain "$3" | untar $as_is --keep-directory-symlink $4 $kept`;
    const { code, stderr } = await streamHelper(host, {
      argv: script(body, root.path, path, options.compression, options.keepDirectories ? '--no-overwrite-dir' : '--overwrite-dir'), ...root.steps, input: options.compression ? options.input : ended(options.input), inputAfterOutput: true, onOutput: () => {}, signal: options.signal,
    });
    if (code === GONE) throw new ProcessGone(`container ${container.record.id} has just ended`);
    if (code === 3) throw notThere(container, path);
    if (code === 4) throw new SlipwayError('InvalidParameter', 'extraction point is not a directory');
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || 'the archive could not be unpacked');
    emit(host, container, 'extract-to-dir');
  });
}

/** Go's archives may end without an end; to add it here saves a process in the lab that all bytes would go through. */
async function* ended(archive: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield* archive;
  yield Buffer.alloc(1024);
}

/** GET /containers/{id}/export: everything but what is in volumes. */
export function exportContainer(host: Host, container: Container, out: { write(chunk: Buffer): Promise<void>; signal: AbortSignal }): Promise<void> {
  return withRoot(host, container, async root => {
    const body = `cd "$1" || exit 1
find . -mindepth 1 -maxdepth 1 -print0 | sort -z | "$tar" -c -b 128 --format=posix --pax-option=delete=atime,delete=ctime --numeric-owner --one-file-system $kept --warning=no-file-ignored --transform='s,^\\./,,rSh' --null -T -
[ $? -le 1 ]`;
    const { code, stderr } = await streamHelper(host, { argv: script(body, root.path), ...root.steps, onOutput: chunk => out.write(chunk), signal: out.signal });
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || 'the archive could not be made');
    emit(host, container, 'export');
  }, { volumes: false });
}

/** `check`: the beginning of a script that ends with GONE when a running container's process is not there any more. */
interface Root { path: string; check: string; steps: { before?: Step[]; after?: Step[] } }
const GONE = 9;

/** A running container's files as it sees them; another's are mounted for the time of the work, with its volumes. */
async function withRoot<T>(host: Host, container: Container, work: (root: Root) => Promise<T>, { volumes = true } = {}): Promise<T> {
  const { record } = container;
  if (isRunning(record.state.status)) {
    try {
      return await work(rootOf(container, volumes));
    } catch (error) {
      if (!(error instanceof ProcessGone)) throw error;
      await wait(host, container, { condition: 'not-running', signal: AbortSignal.timeout(END_PATIENCE_MS) });
    }
  }
  return inTurn(container, async () => {
    if (isRunning(record.state.status)) return work(rootOf(container, volumes));
    if (!record.hasBeenStarted) record.hasBeenStarted = true; // its directories are there from now on: remove.ts looks
    return work({ path: mergedDir(record.id), check: '', steps: mountSteps(record, volumes) });
  });
}

/** Its process has ended, but the engine has not been told yet. */
class ProcessGone extends Error {}
const END_PATIENCE_MS = 5_000;

function rootOf(container: Container, volumes: boolean): Root {
  if (!volumes) return { path: mergedDir(container.record.id), check: '', steps: {} };
  return { path: `/proc/${running(container).pid}/root/.`, check: `[ -d "$1" ] || exit ${GONE}\n`, steps: {} }; // a link but for the dot
}

function mountSteps(record: ContainerRecord, volumes: boolean): { before: Step[]; after: Step[] } {
  const { id } = record;
  const merged = mergedDir(id);
  const bind = '[ ! -e "$1" ] || [ ! -e "$2" ] || mount -o bind "$1" "$2"';
  return {
    before: [
      { do: 'mkdir', path: scratchDir, mode: 0o700 },
      { do: 'mkdir', path: overlayDir(id), mode: 0o710 },
      { do: 'mkdir', path: diffDir(id), mode: 0o755 },
      { do: 'mkdir', path: workDir(id), mode: 0o700 },
      { do: 'mkdir', path: merged, mode: 0o700 },
      { do: 'mkdir', path: emptyDir(id), mode: 0o755 },
      ...overlaySteps(record),
      ...(volumes ? record.mounts.filter(m => m.type !== 'tmpfs').map((m): Step => ({ do: 'run', argv: ['busybox', 'sh', '-c', bind, 'sh', m.source, `${merged}${m.destination}`] })) : []),
    ],
    after: [{ do: 'umount', path: merged }],
  };
}

const notThere = (container: Container, path: string) => new SlipwayError('NotFound', `Could not find the file ${path} in container ${container.record.name}`);

/** Go's filepath.Base, which keeps a last dot. */
function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** https://pkg.go.dev/io/fs#FileMode */
function goMode(mode: number): number {
  const type = { 0o040000: 2 ** 31, 0o120000: 2 ** 27, 0o060000: 2 ** 26, 0o020000: 2 ** 26 + 2 ** 21, 0o010000: 2 ** 25, 0o140000: 2 ** 24 }[mode & 0o170000] ?? 0;
  const bit = (mask: number, value: number) => (mode & mask ? value : 0);
  return type + bit(0o4000, 2 ** 23) + bit(0o2000, 2 ** 22) + bit(0o1000, 2 ** 20) + (mode & 0o777);
}
