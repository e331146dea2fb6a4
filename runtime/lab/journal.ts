// A host's journal: Docker events and API calls in the order they happened, numbered, kept across restarts of the engine.
// Grading reads it. Appending never waits for the disk: lines are written in the background, in order.
import { mkdirSync, readFileSync } from 'node:fs';
import { open, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { journalEntrySchema, type ApiCall, type EngineEvent, type JournalEntry } from './control.ts';

const KEPT = 10_000; // entries
const REWRITE_AT = 2 * KEPT; // lines in the file, before the oldest are dropped from it

export interface Journal {
  /** The number of the newest entry; 0 when there is none. */
  readonly seq: number;
  event(event: EngineEvent): void;
  call(call: ApiCall): void;
  /** Kept entries with seq > since, oldest first. */
  since(since: number): JournalEntry[];
  /** Calls the listener for every new entry; the returned function ends it. Listeners must not throw. */
  subscribe(listener: (entry: JournalEntry) => void): () => void;
  /** Everything appended so far is in the file. */
  flush(): Promise<void>;
  /** Flushes and closes the file; later entries are only in memory. */
  close(): Promise<void>;
}

export function openJournal(path: string, onError: (error: unknown) => void): Journal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  let entries = readEntries(path).slice(-KEPT);
  let seq = entries.at(-1)?.seq ?? 0;
  let fileLines = entries.length;
  let pendingText = '';
  let writing: Promise<void> = Promise.resolve();
  let file: FileHandle | undefined;
  let closed = false;
  const listeners = new Set<(entry: JournalEntry) => void>();

  async function write() {
    const text = pendingText;
    pendingText = '';
    if (!text) return;
    if (fileLines > REWRITE_AT) {
      await file?.close();
      file = undefined;
      await writeFile(`${path}.new`, entries.map(e => `${JSON.stringify(e)}\n`).join(''), { mode: 0o600 });
      await rename(`${path}.new`, path);
      fileLines = entries.length;
      return;
    }
    file ??= await open(path, 'a', 0o600);
    await file.appendFile(text);
  }

  function append(entry: JournalEntry) {
    entries.push(entry);
    if (entries.length > KEPT + 1000) entries = entries.slice(-KEPT);
    if (!closed) {
      fileLines++;
      if (!pendingText) writing = writing.then(write).catch(onError);
      pendingText += `${JSON.stringify(entry)}\n`;
    }
    for (const listener of listeners) listener(entry);
  }

  return {
    get seq() { return seq; },
    event: event => append({ kind: 'event', seq: ++seq, event }),
    call: call => append({ kind: 'call', seq: ++seq, call }),
    since: since => entries.filter(e => e.seq > since).slice(-KEPT),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    flush: () => writing,
    async close() {
      closed = true;
      await writing;
      await file?.close();
      file = undefined;
    },
  };
}

/** A line cut off by a crash, or from a newer version, is left out. */
function readEntries(path: string): JournalEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap(line => {
    if (!line) return [];
    try {
      const parsed = journalEntrySchema.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
