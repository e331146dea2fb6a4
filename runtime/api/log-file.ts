// Reads a json-file log (https://docs.docker.com/engine/logging/drivers/json-file/): the last N entries without reading the rest,
// and what is appended while a container runs. Called by logs.ts; the shim writes the file, and moves what is in it on to `.1` and so on when it has
// reached its limit (native/json_log.c): the file stays the same, so it is seen to have shrunk.
import { watch } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

// libuv takes one inotify instance at the first watch and keeps it. Taken at the start, it cannot be missing once others have used up this user's count.
watch('/', { persistent: false }).close();

export interface LogEntry { stream: 1 | 2; text: string; time: string; attrs?: Record<string, string> }

const BLOCK = 64 << 10; // bytes read at a time
/** One entry is at most 16 KiB of output; even all escaped it stays below this. A longer line is no entry of ours. */
const MAX_LINE = 1 << 20;

/** The offset at which the last `count` lines begin, read backwards from the end, and how many there are from there on. */
export async function tailOffset(file: FileHandle, count: number): Promise<{ offset: number; lines: number }> {
  const { size } = await file.stat();
  if (count === 0 || size === 0) return { offset: size, lines: 0 };
  let newlines = 0;
  let end = size;
  const block = Buffer.allocUnsafe(BLOCK);
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    for (let at = bytesRead - 1; at >= 0; at--) {
      // The newline that ends the file closes the last line; it begins none.
      if (block[at] === 10 && start + at !== size - 1 && ++newlines === count) return { offset: start + at + 1, lines: count };
    }
    end = start;
  }
  return { offset: 0, lines: newlines + 1 };
}

export interface ReadOptions {
  /** -1: all. */
  tail: number;
  /** Resolves when nothing more will be written: reading goes on until then. null: stop at the end of what is there. */
  until: Promise<unknown> | null;
  signal: AbortSignal;
  /** How many older files there may be beside it. */
  older?: number;
}

/** Entries in the order they were written, as many at a time as a read brought. A file that is not there is empty. */
export async function* readLog(path: string, options: ReadOptions): AsyncGenerator<LogEntry[]> {
  const { signal } = options;
  const file = await openLog(path);
  if (!file) return;
  const growth = options.until ? watchGrowth(path, options.until, signal) : null;
  const older: FileHandle[] = [];
  try {
    for (let i = 1; i <= (options.older ?? 0); i++) {
      const one = await openLog(`${path}.${i}`);
      if (one) older.push(one);
    }
    // Newest first, for as many lines as are wanted.
    const parts: { file: FileHandle; offset: number }[] = [];
    let wanted = options.tail;
    for (const one of [file, ...older]) {
      const { offset, lines } = options.tail < 0 ? { offset: 0, lines: 0 } : await tailOffset(one, wanted);
      parts.unshift({ file: one, offset });
      wanted -= lines;
      if (options.tail >= 0 && wanted <= 0) break;
    }
    const last = parts.pop()!;
    for (const part of parts) yield* readOn(part, signal);
    while (!signal.aborted) {
      // Asked before reading: what is appended after this read is seen as growth, or read in the last round.
      const more = growth?.next() ?? null;
      const final = growth === null || growth.finished;
      if ((await file.stat()).size < last.offset) { // moved on: the rest of it is in the next file now
        if (older[0]) yield* readOn({ file: older[0], offset: last.offset }, signal);
        last.offset = 0;
      }
      yield* readOn(last, signal);
      if (final) return;
      await more;
    }
  } finally {
    growth?.close();
    for (const one of [file, ...older]) await one.close();
  }
}

/** From its offset to the end of what is there now; the offset comes to stand behind the last whole line. */
async function* readOn(part: { file: FileHandle; offset: number }, signal: AbortSignal): AsyncGenerator<LogEntry[]> {
  let rest: Buffer = Buffer.alloc(0);
  for (let at = part.offset; !signal.aborted;) {
    const block = Buffer.allocUnsafe(BLOCK);
    const { bytesRead } = await part.file.read(block, 0, BLOCK, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    const entries: LogEntry[] = [];
    const buffer: Buffer = rest.length ? Buffer.concat([rest, block.subarray(0, bytesRead)]) : block.subarray(0, bytesRead);
    let start = 0;
    for (let end = buffer.indexOf(10); end >= 0; end = buffer.indexOf(10, start)) {
      const entry = parseEntry(buffer.toString('utf8', start, end));
      start = end + 1;
      if (entry) entries.push(entry);
    }
    rest = buffer.length - start > MAX_LINE ? Buffer.alloc(0) : buffer.subarray(start);
    part.offset = at - rest.length;
    if (entries.length > 0) yield entries;
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

const BEFORE = '{"log":"';
const TAIL = /^","stream":"std(out|err)","time":"([^"\\]*)"\}$/;

/** A line that needs no unescaping but for its end, which most are, is taken apart by hand: five times as fast. */
function parsePlain(line: string): LogEntry | null {
  if (!line.startsWith(BEFORE)) return null;
  const end = line.indexOf('\\', BEFORE.length);
  if (end < 0 || line[end + 1] !== 'n') return null;
  const [, stream, time] = TAIL.exec(line.slice(end + 2)) ?? [];
  return time === undefined ? null : { stream: stream === 'err' ? 2 : 1, text: `${line.slice(BEFORE.length, end)}\n`, time };
}

function parseEntry(line: string): LogEntry | null {
  const plain = parsePlain(line);
  if (plain) return plain;
  try {
    const { log, stream, time, attrs } = JSON.parse(line) as { log: string; stream: string; time: string; attrs?: Record<string, string> };
    return { stream: stream === 'stderr' ? 2 : 1, text: log, time, ...(attrs ? { attrs } : {}) };
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
