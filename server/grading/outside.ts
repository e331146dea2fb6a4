// What has been read of a lab from outside, and since when it has been so. Made by grader.ts, which says when to read; looked up by trackers.
import type { Found, Reading } from '../../runtime/lab/readings.ts';

export interface Known { found: Found; /** Where the journal was before it was read. */ seq: number; /** Since when it has been so. */ changedSeq: number; }
export type Lane = 'silent' | 'asking';
type Read = (readings: Reading[]) => Promise<{ seq: number; found: Found[] }>;

/** Between two readings, however many events there are: a flood of them costs no more than this. */
const GAP_MS = 100;
/** The most that is read at once for one lab. */
const MOST = 64;
/** Between two questions to a lab's own servers, or runs of a script, while their answers stay the same: asking makes the lab work, which looks like something new. */
const ASK_MS = 1000;
const ASK_SELDOM_MS = 5000;

export class Outside {
  private known = new Map<string, Known>();
  private readonly ask: Read;
  private readonly lastMs = { silent: 0, asking: 0 };
  private askMs = ASK_MS;
  private askedMs = 0;
  private moves = 0;

  constructor(read: Read) {
    this.ask = read;
  }

  /** The last reading in silence failed, or a part of it: what is known may be old although nothing has happened since. */
  isBehind = false;
  /** The lab would have been asked but for the time between two questions: what a command did since would else wait for the next one. Not for ever: asking is work, too. */
  owesQuestion = false;

  get(reading: Reading): Known | undefined { return this.known.get(keyOf(reading)); }

  /** Something has happened in the lab that the engine knows of. */
  hasMoved() {
    this.moves += 1;
    this.askMs = ASK_MS;
    this.askedMs = 0;
  }

  /**
   * Reads anew what is wanted now, and forgets what nobody wants. False when nothing was read. What is read in silence and what asks the lab are read
   * apart, so that a server that does not answer delays nothing else.
   */
  async read(wanted: readonly Reading[], lane: Lane, isOver: () => boolean): Promise<boolean> {
    const byKey = new Map(wanted.map(reading => [keyOf(reading), reading]).slice(0, MOST) as [string, Reading][]);
    for (const key of this.known.keys()) if (!byKey.has(key)) this.known.delete(key);
    const own = [...byKey].filter(([, reading]) => laneOf(reading) === lane);
    if (lane === 'asking') this.owesQuestion = false;
    if (own.length === 0) return false;
    await pause(this.lastMs[lane] + GAP_MS - Date.now());
    const asks = lane === 'asking' && Date.now() - this.askedMs >= this.askMs;
    if (lane === 'asking') this.owesQuestion = !asks && this.askMs < ASK_SELDOM_MS;
    const due = own.filter(([key]) => asks || lane === 'silent' || !this.known.has(key));
    if (due.length === 0 || isOver()) return false;
    this.lastMs[lane] = Date.now();
    if (asks) this.askedMs = Date.now(); // before: what moves while it is asked has it asked again
    const { moves } = this;
    if (lane === 'silent') this.isBehind = true; // until it has come to its end
    const { seq, found } = await this.ask(due.map(([, reading]) => reading));
    if (isOver()) return false;
    if (lane === 'silent') this.isBehind = found.some(one => one.kind === 'unknown');
    let news = false;
    due.forEach(([key], index) => {
      const now = found[index];
      if (!now || now.kind === 'unknown') return; // what was known stays, but is not something that is so now
      const before = this.known.get(key);
      const same = before !== undefined && JSON.stringify(before.found) === JSON.stringify(now);
      if (!same) news = true;
      this.known.set(key, { found: now, seq, changedSeq: same ? before.changedSeq : seq });
    });
    if (asks && moves === this.moves) this.askMs = news ? ASK_MS : Math.min(this.askMs * 1.5, ASK_SELDOM_MS);
    return true;
  }
}

const keyOf = (reading: Reading): string => JSON.stringify(reading);
const laneOf = ({ kind }: Reading): Lane => (kind === 'http' || kind === 'registry' || kind === 'script' ? 'asking' : 'silent');
const pause = (ms: number): Promise<void> => (ms <= 0 ? Promise.resolve() : new Promise(resolve => setTimeout(resolve, ms)));
