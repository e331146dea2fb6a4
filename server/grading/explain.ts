// "Why?": turns an error that a docker command has just met into one sentence and one next step, beside the terminal. The error text
// itself is Docker's and stays in the terminal; here stands what it means in this lab. Fed by grader.ts with each entry; keeps no history.
import type { JournalEntry } from '../../runtime/lab/control.ts';
import { SOURCE } from '../../texts/language.ts';
import { explainCall, explainEvent, type Explanation } from './causes.ts';
import type { Note } from './types.ts';
import type { World } from './world.ts';

/** Older entries are a replay after a restart: whoever met that error has read about it. */
const FRESH_MS = 15_000;
/** The same mistake again within this time says nothing new. */
const REPEAT_MS = 5_000;
/** `docker inspect NAME` asks for a container, then for an image, and so on: only if none is found there was an error. */
const LOOKUP_MS = 150;

export class Explainer {
  private readonly world: World;
  private readonly tell: (note: Note) => void;
  private readonly told = new Map<string, number>();
  private readonly pending = new Map<string, NodeJS.Timeout>();
  constructor(world: World, tell: (note: Note) => void) {
    this.world = world;
    this.tell = tell;
  }

  feed(entry: JournalEntry) {
    const timeNano = entry.kind === 'call' ? entry.call.timeNano : entry.event.timeNano;
    if (Date.now() - timeNano / 1e6 > FRESH_MS) return;
    if (entry.kind === 'event') return this.say(entry.seq, explainEvent(entry.event, this.world));

    const { call } = entry;
    const looked = /^\/(?:containers|images|networks|volumes)\/(.+?)(?:\/json)?$/.exec(call.path)?.[1];
    if (call.method === 'GET' && looked !== undefined) {
      if (call.status < 400) this.forget(looked);
      else if (/^\/containers\/[^/]+\/json$/.test(call.path)) {
        this.forget(looked);
        this.pending.set(looked, setTimeout(() => {
          this.pending.delete(looked);
          this.say(entry.seq, explainCall(call, this.world));
        }, LOOKUP_MS));
      }
      return;
    }
    this.say(entry.seq, explainCall(call, this.world));
  }

  stop() {
    for (const name of this.pending.keys()) this.forget(name);
  }

  private say(seq: number, explanation: Explanation | null) {
    if (!explanation) return;
    const now = Date.now();
    const key = `${explanation.title[SOURCE]}\n${explanation.text[SOURCE]}`;
    if (now - (this.told.get(key) ?? -Infinity) < REPEAT_MS) return;
    for (const [old, at] of this.told) if (now - at >= REPEAT_MS) this.told.delete(old);
    this.told.set(key, now);
    this.tell({ id: `why-${seq}`, ...explanation });
  }

  private forget(name: string) {
    clearTimeout(this.pending.get(name));
    this.pending.delete(name);
  }
}
