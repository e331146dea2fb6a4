// A host's journal: Docker events and API calls in the order they happened, numbered, kept across restarts of the engine.
// Grading reads it. A line is in the file before anybody hears of it: an engine that is killed must not give a number away twice. (No fsync: it
// outlives the process, not the machine; some 10 µs each.)
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { Newest } from './newest.ts';
import { journalEntrySchema, type ApiCall, type EngineEvent, type JournalEntry } from './control.ts';

const KEPT = 10_000; // entries
const KEPT_BYTES = 16 << 20; // of them together
const MORE_THAN_LOST = 1_000_000; // what is not on the disk yet is of the last half minute
const REWRITE_AT = 2 * KEPT; // lines in the file, before the oldest are dropped from it
const REWRITE_AT_BYTES = 2 * KEPT_BYTES;

export interface Journal {
  /** The number of the newest entry; 0 when there is none. */
  readonly seq: number;
  event(event: EngineEvent): void;
  call(call: ApiCall): void;
  /** Kept entries with seq > since, oldest first. */
  since(since: number): JournalEntry[];
  /** Calls the listener for every new entry; the returned function ends it. Listeners must not throw. */
  subscribe(listener: (entry: JournalEntry) => void): () => void;
  /** Closes the file; later entries are only in memory. Idempotent. */
  close(): void;
}

export function openJournal(path: string, onError: (error: unknown) => void, options: { booted?: boolean } = {}): Journal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const kept = new Newest<JournalEntry>({ items: KEPT + 1000, bytes: KEPT_BYTES });
  for (const entry of readEntries(path).slice(-KEPT)) kept.push(entry, JSON.stringify(entry).length);
  const entries = kept.items;
  let seq = entries.at(-1)?.seq ?? 0;
  // The machine may have lost its power, and with it numbers that were given away: nobody who has seen them may take the next entries for old ones.
  if (options.booted && seq > 0) seq += MORE_THAN_LOST;
  let fileLines = entries.length;
  let fileBytes = 0;
  let file: number | undefined = openSync(path, 'a', 0o600);
  if (entries.length) writeSync(file, '\n'); // what a crash may have cut off ends here
  const listeners = new Set<(entry: JournalEntry) => void>();

  /** The oldest go out of the file once it holds twice what is kept. */
  function rewrite() {
    if (file !== undefined) closeSync(file);
    writeFileSync(`${path}.new`, entries.map(e => `${JSON.stringify(e)}\n`).join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    fileLines = entries.length;
    fileBytes = 0;
    file = openSync(path, 'a', 0o600);
  }

  function append(entry: JournalEntry) {
    const line = `${JSON.stringify(entry)}\n`;
    kept.push(entry, line.length);
    if (file !== undefined) {
      try {
        writeSync(file, line);
        fileBytes += line.length;
        if (++fileLines > REWRITE_AT || fileBytes > REWRITE_AT_BYTES) rewrite();
      } catch (error) {
        onError(error);
      }
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
    close() {
      if (file !== undefined) closeSync(file);
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
