// Directories of a client's as a build uses them: their files lie in the lab and what is known of them here, so that a build whose files have not
// changed moves none and asks the lab nothing. Called by solve.ts. Contents flow through as an archive that the lab's own tar unpacks.
// The last states are kept, as BuildKit does; whoever changes files below `sourcesDir` in a lab cheats only themselves.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { pack, type Pack } from 'tar-stream';
import type { ContextFiles } from '../build/stage-parts.ts';
import { SlipwayError } from '../errors.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { findInTree, type Looks, type Tree, type TreeEntry } from './context-tree.ts';
import { FileReceiver, type FileEntry } from './receive-files.ts';
import type { Session } from './session.ts';

export const sourcesDir = '/var/lib/docker/buildkit/sources';
/** Last states of contexts, in memory; older ones are forgotten with their files. */
const KEPT = 8;

interface Kept { name: string; directory: string; tree: Tree; busy: boolean; createdAt: number; usedAt: number; uses: number; sizeBytes: number }
export interface KeptContext { key: string; name: string; sizeBytes: number; busy: boolean; createdAt: number; usedAt: number; uses: number }
export interface Synced extends ContextFiles { release(): Promise<void> }

export class Contexts {
  private readonly host: Place;
  private readonly kept = new Map<string, Kept>();
  private unique = 0;
  constructor(host: Place) { this.host = host; }

  /** What is kept, for the list of the cache. */
  list(): KeptContext[] { return [...this.kept].map(([key, { name, sizeBytes, busy, createdAt, usedAt, uses }]) => ({ key, name, sizeBytes, busy, createdAt, usedAt, uses })); }

  /** One that is in use stays. */
  async forget(key: string): Promise<void> {
    const kept = this.kept.get(key);
    if (!kept || kept.busy) return;
    this.kept.delete(key);
    await this.remove(kept.directory);
  }

  async sync(session: Session, about: { name: string; follow: readonly string[]; exclude: readonly string[] }, options: { signal: AbortSignal; onReceived: (bytes: number) => void; looks: Looks }): Promise<Synced> {
    const key = createHash('sha256').update(JSON.stringify([about.name, about.follow, about.exclude])).digest('hex').slice(0, 24);
    const receiver: FileReceiver = new FileReceiver(session.files(about.name, about, options.signal), () => options.onReceived(receiver.received));
    const entries = await receiver.list();
    const before = this.kept.get(key);
    const base = before && !before.busy && canGrow(before.tree, entries) ? before : undefined;
    const mine: Kept = base ?? { name: about.name, directory: `${sourcesDir}/${key}-${process.pid}-${this.unique++}`, tree: new Map(), busy: true, createdAt: Date.now(), usedAt: 0, uses: 0, sizeBytes: 0 };
    mine.busy = true;
    try {
      const wanted = entries.flatMap((entry, index) => (same(mine.tree.get(entry.path), entry) ? [] : [index]));
      if (wanted.length || !base) await this.write(mine, receiver, entries, wanted, options.signal);
      await receiver.finish();
    } catch (error) {
      if (this.kept.get(key) === mine) this.kept.delete(key);
      await this.remove(mine.directory);
      throw error;
    }
    mine.usedAt = Date.now();
    mine.uses++;
    mine.sizeBytes = [...mine.tree.values()].reduce((sum, entry) => sum + entry.size, 0);
    const older = this.kept.get(key);
    const keep = older === mine || !older?.busy;
    if (keep) this.kept.set(key, mine);
    if (keep && older && older !== mine) await this.remove(older.directory);
    return {
      directory: mine.directory,
      find: async patterns => findInTree(mine.tree, patterns, options.looks),
      release: async () => {
        mine.busy = false;
        if (this.kept.get(key) !== mine) await this.remove(mine.directory);
        const idle = [...this.kept].filter(([, { busy }]) => !busy).sort(([, a], [, b]) => a.usedAt - b.usedAt);
        for (const [old, { directory }] of idle.slice(0, Math.max(0, this.kept.size - KEPT))) {
          this.kept.delete(old);
          await this.remove(directory);
        }
      },
    };
  }

  /** Small files of a client's whole, such as Dockerfile and .dockerignore; they are not written anywhere. */
  async read(session: Session, name: string, wanted: readonly string[], maxBytes: number, options: { signal: AbortSignal; onReceived: (bytes: number) => void }): Promise<Map<string, Buffer>> {
    const receiver: FileReceiver = new FileReceiver(session.files(name, { follow: wanted }, options.signal), () => options.onReceived(receiver.received));
    const entries = await receiver.list();
    const indices = entries.flatMap((entry, index) => (entry.kind === 'file' && wanted.includes(entry.path) ? [index] : []));
    const found = new Map<string, Buffer>();
    for (const index of indices) if (entries[index]!.size > maxBytes) throw new SlipwayError('InvalidParameter', `${entries[index]!.path} is larger than ${maxBytes} bytes`);
    for await (const { index, data } of receiver.contents(indices)) found.set(entries[index]!.path, await whole(data));
    // One that is a link, or reached through one, is what the link leads to.
    for (const path of wanted) {
      const target = entries.find(entry => entry.path === path && entry.kind === 'symlink');
      const direct = target && found.get(target.link);
      if (direct) found.set(path, direct);
    }
    await receiver.finish();
    return found;
  }

  private async write(mine: Kept, receiver: FileReceiver, entries: readonly FileEntry[], wanted: readonly number[], signal: AbortSignal): Promise<void> {
    const archive = pack();
    const learned = new Map<string, TreeEntry>();
    const filling = fill(archive, receiver, entries, wanted, learned).then(() => archive.finalize(), (error: unknown) => {
      archive.destroy(error as Error);
      throw error;
    });
    filling.catch(() => {}); // thrown below
    const body = 'mkdir -p "$1" && "$tar" -x -p --same-owner --numeric-owner --delay-directory-restore --warning=no-timestamp -C "$1"; r=$?; cat > /dev/null; exit $r';
    const writing = runScript(this.host, { argv: script(body, mine.directory), input: archive as AsyncIterable<Buffer>, signal });
    const [written, filled] = await Promise.allSettled([writing, filling]);
    if (filled.status === 'rejected') throw filled.reason;
    if (written.status === 'rejected') throw written.reason;
    if (written.value.code !== 0) throw new SlipwayError('System', firstWords(written.value.stderr) || 'the build context could not be written');
    for (const [path, entry] of learned) mine.tree.set(path, entry);
  }

  private async remove(directory: string): Promise<void> { await runScript(this.host, { argv: ['busybox', 'rm', '-rf', directory] }); }
}

/** The changed entries as an archive; contents are hashed as they pass. */
async function fill(archive: Pack, receiver: FileReceiver, entries: readonly FileEntry[], wanted: readonly number[], learned: Map<string, TreeEntry>): Promise<void> {
  const files: number[] = [];
  const links: FileEntry[] = [];
  for (const index of wanted) {
    const entry = entries[index]!;
    if (entry.kind === 'file') files.push(index);
    else if (entry.kind === 'hardlink') links.push(entry);
    else if (entry.kind === 'directory') archive.entry({ name: entry.path, type: 'directory', mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: timeOf(entry) });
    else if (entry.kind === 'symlink') archive.entry({ name: entry.path, type: 'symlink', linkname: entry.link, mode: 0o777, uid: entry.uid, gid: entry.gid, mtime: timeOf(entry) });
    learned.set(entry.path, { ...entry, sum: '' });
  }
  for await (const { index, size, data } of receiver.contents(files)) {
    const entry = entries[index]!;
    const hash = createHash('sha256');
    const into = archive.entry({ name: entry.path, size, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: timeOf(entry) });
    for await (const chunk of data) {
      hash.update(chunk);
      if (!into.write(chunk)) await drained(into);
    }
    into.end(null);
    learned.set(entry.path, { ...entry, sum: hash.digest('hex') });
  }
  for (const entry of links) archive.entry({ name: entry.path, type: 'link', linkname: entry.link, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: timeOf(entry) });
}

/** Throws when it is closed first: the lab took no more of the build context. */
async function drained(into: ReturnType<Pack['entry']>): Promise<void> {
  const waiting = new AbortController();
  try {
    await Promise.race([once(into, 'drain', { signal: waiting.signal }), once(into, 'close', { signal: waiting.signal }).then(() => { throw new SlipwayError('System', 'the lab took no more of the build context'); })]);
  } finally {
    waiting.abort();
  }
}

const timeOf = (entry: FileEntry) => new Date(Math.max(0, Number(entry.modTime / 1_000_000n)));
const same = (a: TreeEntry | undefined, b: FileEntry) => a !== undefined && a.kind === b.kind && a.mode === b.mode && a.link === b.link && (b.kind !== 'file' || (a.size === b.size && a.modTime === b.modTime));

/** Nothing has gone, and nothing has become something else: then what is there can be added to. */
function canGrow(tree: Tree, entries: readonly FileEntry[]): boolean {
  const now = new Map(entries.map(entry => [entry.path, entry.kind]));
  return [...tree.values()].every(({ path, kind }) => now.get(path) === kind);
}

async function whole(data: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks);
}

