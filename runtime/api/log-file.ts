// Reads a json-file log (https://docs.docker.com/engine/logging/drivers/json-file/): the last N entries without reading the rest,
// and what is appended while a container runs. Called by logs.ts; the shim writes the file.
import { watch } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

// libuv takes one inotify instance at the first watch and keeps it. Taken at the start, it cannot be missing once others have used up this user's count.
watch('/', { persistent: false }).close();

export interface LogEntry { stream: 1 | 2; text: string; time: string }

const BLOCK = 64 << 10; // bytes read at a time
/** One entry is at most 16 KiB of output; even all escaped it stays below this. A longer line is no entry of ours. */
const MAX_LINE = 1 << 20;

/** The offset at which the last `count` lines begin, read backwards from the end. */
export async function tailOffset(file: FileHandle, count: number): Promise<number> {
  const { size } = await file.stat();
  if (count === 0) return size;
  let newlines = 0;
  let end = size;
  const block = Buffer.allocUnsafe(BLOCK);
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      // The newline that ends the file closes the last line; it begins none.
      if (block[at] === 10 && start + at !== size - 1 && ++newlines === count) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

export interface ReadOptions {
  /** -1: all. */
  tail: number;
  /** Resolves when nothing more will be written: reading goes on until then. null: stop at the end of what is there. */
  until: Promise<unknown> | null;
  signal: AbortSignal;
}

/** Entries in the order they were written, as many at a time as a read brought. A file that is not there is empty. */
export async function* readLog(path: string, options: ReadOptions): AsyncGenerator<LogEntry[]> {
  const file = await openLog(path);
  if (!file) return;
  const growth = options.until ? watchGrowth(path, options.until, options.signal) : null;
  try {
    let offset = options.tail < 0 ? 0 : await tailOffset(file, options.tail);
    let rest: Buffer = Buffer.alloc(0);
    while (!options.signal.aborted) {
      // Asked before reading: what is appended after this read is seen as growth, or read in the last round.
      const more = growth?.next() ?? null;
      const final = growth === null || growth.finished;
      for (;;) {
        const block = Buffer.allocUnsafe(BLOCK);
        const { bytesRead } = await file.read(block, 0, BLOCK, offset);
        if (bytesRead === 0) break;
        offset += bytesRead;
        const entries: LogEntry[] = [];
        let buffer = rest.length ? Buffer.concat([rest, block.subarray(0, bytesRead)]) : block.subarray(0, bytesRead);
        for (let at = buffer.indexOf(10); at >= 0; at = buffer.indexOf(10)) {
          const entry = parseEntry(buffer.subarray(0, at));
          buffer = buffer.subarray(at + 1);
          if (entry) entries.push(entry);
        }
        rest = buffer.length > MAX_LINE ? Buffer.alloc(0) : buffer;
        if (entries.length > 0) yield entries;
        if (options.signal.aborted) return;
      }
      if (final) return;
      await more;
    }
  } finally {
    growth?.close();
    await file.close();
  }
}

async function openLog(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parseEntry(line: Buffer): LogEntry | null {
  try {
    const { log, stream, time } = JSON.parse(line.toString('utf8')) as { log: string; stream: string; time: string };
    return { stream: stream === 'stderr' ? 2 : 1, text: log, time };
  } catch {
    return null; // a line cut off by a crash
  }
}

/** `next()` resolves at the first change after it was called, at the end, or when the client leaves. */
function watchGrowth(path: string, until: Promise<unknown>, signal: AbortSignal) {
  let wake: () => void = () => {};
  const state = {
    finished: false,
    next: () => new Promise<void>(resolve => { wake = resolve; if (state.finished || signal.aborted) resolve(); }),
    close: () => watcher.close(),
  };
  const watcher = watch(path, { persistent: false }, () => wake());
  watcher.on('error', () => wake());
  const finish = () => { state.finished = true; wake(); };
  until.then(finish, finish);
  signal.addEventListener('abort', () => wake(), { once: true });
  return state;
}
