// "Close all previews": nobody who came into a lab's ports before that moment comes in any more, and what they have open is cut. Kept in the database as
// long as a pass could still be good, and all in memory, since each request asks. Called by previews.ts; passes (pass.ts) are held against it.
import { setMaxListeners } from 'node:events';

export interface Closings {
  /** Before anybody is let in. */
  load(): Promise<void>;
  close(lab: string): Promise<void>;
  /** Was this given before the lab's previews were closed? */
  isClosed(lab: string, issuedAt: number): boolean;
  /** Aborted at the next closing. */
  until(lab: string): AbortSignal;
  /** The lab is no more. */
  forget(lab: string): void;
}

export interface ClosingRecords {
  /** By lab. */
  load(since: Date): Promise<{ lab: string; at: Date }[]>;
  note(lab: string, at: Date): Promise<void>;
}

export function createClosings(records: ClosingRecords, longestMs: number, now: () => number = Date.now): Closings {
  const closedAt = new Map<string, number>();
  const open = new Map<string, AbortController>();
  const cut = (lab: string) => {
    open.get(lab)?.abort();
    open.delete(lab);
  };
  return {
    async load() { for (const { lab, at } of await records.load(new Date(now() - longestMs))) closedAt.set(lab, at.getTime()); },
    async close(lab) {
      const at = now();
      for (const [other, before] of closedAt) if (before < at - longestMs) closedAt.delete(other);
      closedAt.set(lab, at);
      cut(lab);
      await records.note(lab, new Date(at));
    },
    isClosed: (lab, issuedAt) => issuedAt <= (closedAt.get(lab) ?? -1),
    until(lab) {
      let controller = open.get(lab);
      if (!controller) {
        open.set(lab, controller = new AbortController());
        setMaxListeners(0, controller.signal); // one for each request that is under way
      }
      return controller.signal;
    },
    forget: cut,
  };
}
