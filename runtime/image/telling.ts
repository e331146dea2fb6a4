// Work that tells of its progress while it goes on, as the stream of messages that an API call answers with. Used by remote-pull.ts and push.ts.

/** As often as dockerd speaks of a layer's progress. */
const BETWEEN_MESSAGES_MS = 100;

/**
 * Yields what `work` tells. Ends, or throws, as the work does. When the reader leaves early the work's signal aborts; either way the
 * work is over when this is.
 */
export async function* telling<M>(work: (tell: (message: M) => void, signal: AbortSignal) => Promise<void>, outer?: AbortSignal): AsyncGenerator<M, void, void> {
  const leaving = new AbortController();
  const signal = outer ? AbortSignal.any([outer, leaving.signal]) : leaving.signal;
  const untold: M[] = [];
  let wake = () => {};
  let over = false;
  const tell = (message: M) => {
    untold.push(message);
    wake();
  };
  const done = work(tell, signal).finally(() => {
    over = true;
    wake();
  });
  done.catch(() => {}); // thrown below
  try {
    for (;;) {
      while (untold.length) yield untold.shift()!;
      if (over) break;
      await new Promise<void>(resolve => { wake = resolve; });
    }
  } finally {
    leaving.abort();
    await done.catch(() => {});
  }
  await done;
}

/** Lets one message of many through now and then. */
export function sparingly(tell: (current: number) => void): (current: number) => void {
  let toldAt = -Infinity;
  return current => {
    if (Date.now() - toldAt < BETWEEN_MESSAGES_MS) return;
    toldAt = Date.now();
    tell(current);
  };
}

/** Runs all, so many at a time, in order of their beginning. Nothing new begins after the first failure; it is thrown once those that run have ended. */
export async function severalAtATime<T>(atATime: number, items: readonly T[], work: (item: T, at: number) => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [at, item] of queue) {
      await work(item, at).catch((error: unknown) => failures.push(error));
      if (failures.length) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
  if (failures.length) throw failures[0];
}
