// How a task began and ended, from what its shim wrote down: for whoever was not there (restore.ts), or lost the shim at that moment (exit.ts).
import { readFileSync } from 'node:fs';
import type { TaskEnd } from '../kernel/shim.ts';

/** `path` is the shim's status file; lost when it says nothing of an end. */
export function howItEnded(path: string): { end: TaskEnd; time: string | undefined; notes: Record<string, string> } {
  const entries = read(path);
  const notes = Object.fromEntries(entries.filter(e => e.event === 'note').map(e => [e.name ?? '', e.text ?? '']));
  for (const entry of entries.reverse()) {
    if (entry.event === 'exited' && typeof entry.code === 'number') return { end: { kind: 'exited', code: entry.code }, time: entry.time, notes };
    if (entry.event === 'failed') return { end: { kind: 'failed', message: entry.message ?? '' }, time: entry.time, notes };
  }
  return { end: { kind: 'lost' }, time: undefined, notes };
}

/** Undefined when its process never ran, or an earlier run's file is still there: that one began before `since`. */
export function howItBegan(path: string, since: string): { pid: number; time: string } | undefined {
  const begun = read(path).find(entry => entry.event === 'started');
  return begun?.pid !== undefined && begun.time !== undefined && Date.parse(begun.time) >= Date.parse(since) ? { pid: begun.pid, time: begun.time } : undefined;
}

interface Entry { event?: string; pid?: number; code?: number; message?: string; name?: string; text?: string; time?: string }

function read(path: string): Entry[] {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return text.split('\n').flatMap(line => {
    try {
      return line ? [JSON.parse(line) as Entry] : [];
    } catch {
      return []; // cut off when the shim was killed
    }
  });
}
