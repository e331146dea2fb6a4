// How a task ended, from what its shim wrote down: for whoever was not there (restore.ts), or lost the shim at that moment (exit.ts).
import { readFileSync } from 'node:fs';
import type { TaskEnd } from '../kernel/shim.ts';

/** `path` is the shim's status file; lost when it says nothing of an end. */
export function howItEnded(path: string): { end: TaskEnd; time: string | undefined } {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  for (const line of text.split('\n').reverse()) {
    try {
      const entry = JSON.parse(line) as { event?: string; code?: number; message?: string; time?: string };
      if (entry.event === 'exited' && typeof entry.code === 'number') return { end: { kind: 'exited', code: entry.code }, time: entry.time };
      if (entry.event === 'failed') return { end: { kind: 'failed', message: entry.message ?? '' }, time: entry.time };
    } catch { /* a line cut off when the shim was killed */ }
  }
  return { end: { kind: 'lost' }, time: undefined };
}
