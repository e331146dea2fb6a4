// Which calls a host's journal gets: what a learner did, not what a program that looks every second did. Called by call.ts.
import type { ApiCall } from '../lab/control.ts';
import type { Journal } from '../lab/journal.ts';

/** The same question with the same answer within this time is polling, and told once, unless something has happened in between. */
const POLLING_MS = 2_000;
/** Different questions remembered at a time. */
const REMEMBERED = 64;

export function createReporter(journal: Pick<Journal, 'call' | 'subscribe'>, now: () => number = Date.now): (call: ApiCall) => void {
  const asked = new Map<string, number>();
  journal.subscribe(entry => { if (entry.kind === 'event') asked.clear(); });
  return call => {
    if (call.method === 'GET') {
      const question = JSON.stringify([call.path, call.query, call.status]);
      const before = asked.get(question);
      asked.delete(question);
      asked.set(question, now());
      if (asked.size > REMEMBERED) asked.delete(asked.keys().next().value!);
      if (before !== undefined && now() - before < POLLING_MS) return;
    } else {
      asked.clear();
    }
    journal.call(call);
  };
}
