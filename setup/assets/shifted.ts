// Unpacks a tar archive so that every file belongs to the store's uid range, by a process that is nobody on this machine:
// it has the range's base uid, its own user and network namespaces (owned by that uid), and is root only in there.
// Called for the workstation and for library layers. A hostile archive can hurt nothing but the directory it was given.
import { spawn } from 'node:child_process';
import { chown, open, writeFile, type FileHandle } from 'node:fs/promises';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { STORE_UID_BASE, UIDS_PER_LAB } from '../../runtime/ids.ts';
import { plainEnv } from './command.ts';

export type UnpackOptions = {
  /** GNU tar's exclusion patterns, for example ./dev/*. */
  exclude?: string[];
  /** Extended attributes that are restored. security.capability becomes one that counts only where the range's base is root. */
  xattrs?: string[];
};

/** Unpacks the archive (a stream, an open file or a path) into `directory`, which exists, is empty and belongs to root. */
export async function unpackShifted(archive: Readable | FileHandle | string, directory: string, options: UnpackOptions = {}): Promise<void> {
  if (typeof archive === 'string') {
    const file = await open(archive, 'r');
    try {
      return await unpackShifted(file, directory, options);
    } finally {
      await file.close();
    }
  }
  await chown(directory, STORE_UID_BASE, STORE_UID_BASE);
  const tar = ['tar', '--extract', '--preserve-permissions', '--same-owner', '--numeric-owner', '--delay-directory-restore', '--warning=no-timestamp',
    ...(options.exclude ?? []).flatMap(pattern => ['--anchored', `--exclude=${pattern}`]),
    ...(options.xattrs ?? []).flatMap(name => ['--xattrs', `--xattrs-include=${name}`])];
  await runAsStore(tar, { cwd: directory, stdin: archive });
}

/** Runs a program as uid 0 of a fresh user namespace whose range is the store's. Its working directory is inherited, so the way there may be closed to it. */
async function runAsStore(argv: string[], options: { cwd: string; stdin: Readable | FileHandle }): Promise<void> {
  const base = String(STORE_UID_BASE);
  const source = 'fd' in options.stdin ? undefined : options.stdin;
  let sourceError: Error | undefined;
  source?.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') return; // the program ended early; its exit code says why
    sourceError = error;
  });
  // The shell waits until the namespace has its mapping; what it then starts has the namespace's capabilities.
  const child = spawn('setpriv', ['--reuid', base, '--regid', base, '--clear-groups', 'unshare', '--user', '--net', '--ipc',
    'sh', '-c', 'echo ready && read go <&3 && exec 3<&- "$@"', 'sh', ...argv], { cwd: options.cwd, env: plainEnv(), stdio: [source ? 'pipe' : (options.stdin as FileHandle).fd, 'pipe', 'pipe', 'pipe'] });
  const [, stdout, stderr, go] = child.stdio as unknown as [null, NodeJS.ReadableStream, NodeJS.ReadableStream, NodeJS.WritableStream];
  let said = '';
  stderr.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-4096); });
  go.on('error', () => {}); // the shell may be gone already; its exit code says why
  const closed = once(child, 'close') as Promise<[number | null]>;
  const ready = await Promise.race([once(stdout, 'data').then(() => true), closed.then(() => false)]);
  if (ready) {
    stdout.resume();
    const map = `0 ${STORE_UID_BASE} ${UIDS_PER_LAB}\n`;
    try {
      await writeFile(`/proc/${child.pid}/uid_map`, map);
      await writeFile(`/proc/${child.pid}/gid_map`, map);
      go.write('go\n');
      // A source that fails must not look like the archive's end: its program is killed rather than left to finish.
      if (source) await pipeline(source, child.stdin!).catch(() => { if (sourceError) child.kill('SIGKILL'); });
    } catch (error) {
      child.kill('SIGKILL');
      await closed;
      throw error;
    }
  }
  const [code] = await closed;
  source?.destroy();
  if (sourceError) throw sourceError;
  if (code !== 0) throw new Error(`${argv[0]} in the store's user namespace failed (${code ?? 'killed'}): ${said.trim()}`);
}
