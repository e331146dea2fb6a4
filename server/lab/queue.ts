// Who waits for a lab while the machine is full, first come first served, and how long it may take: judged by how fast others got in lately.
// One for all workspaces; used by workspace.ts.
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';

/** Entries older than this say nothing about now. */
const LATELY_MS = 30 * 60_000;

export interface Ticket {
  /** 1 is next. */
  readonly place: number;
  /** How long it takes as things go; undefined as long as nobody can know. */
  readonly seconds: number | undefined;
  /** Has got a lab. */
  served(): void;
  /** Does not wait any more. Idempotent, also after served. */
  leave(): void;
}

export interface Queue {
  readonly length: number;
  join(): Ticket;
}

export function inWords(place: number, seconds: number | undefined): Text {
  const count = seconds === undefined ? 0 : Math.ceil(seconds / 60);
  if (place <= 1) return count ? say('lab.queuedNextFor', { count }) : say('lab.queuedNext');
  return count ? say('lab.queuedFor', { place, count }) : say('lab.queued', { place });
}

export function createQueue(now: () => number = Date.now): Queue {
  const waiting: Ticket[] = [];
  let served: number[] = [];
  return {
    get length() { return waiting.length; },
    join() {
      const since = now();
      const ticket: Ticket = {
        get place() { return waiting.indexOf(ticket) + 1; },
        get seconds() {
          served = served.filter(at => at > now() - LATELY_MS);
          const [first] = served;
          const last = served.at(-1);
          if (first === undefined || last === undefined || served.length < 2) return undefined;
          return Math.max(1, Math.round((((last - first) / (served.length - 1)) * ticket.place - (now() - Math.max(last, since))) / 1000));
        },
        served() {
          served.push(now());
          ticket.leave();
        },
        leave() {
          const at = waiting.indexOf(ticket);
          if (at >= 0) waiting.splice(at, 1);
        },
      };
      waiting.push(ticket);
      return ticket;
    },
  };
}
