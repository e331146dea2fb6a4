// How long a lab is tried for, and when: in the order of those who came, again while the engine is away, until it is there or nobody wants it any more.
// Called by workspace.ts, whose `attempt` does the work.
import { setTimeout } from 'node:timers/promises';
import { asSlipwayError } from '../../runtime/errors.ts';
import { say } from '../../texts/server.ts';
import { inWords, type Queue, type Ticket } from './queue.ts';
import type { ShownLab } from './shown-lab.ts';

/** Between two looks at the queue. */
const QUEUE_MS = 500;
const RETRY_MS = [250, 500, 1000, 2000, 4000];

export interface BringUpOptions {
  shown: ShownLab;
  /** All who wait because the machine is full. */
  queue: Queue;
  /** Whether it needs a lab that is not there yet, and so room. */
  needsRoom: () => boolean;
  /** False when nobody waits any more. */
  isWanted: () => boolean;
  /** Throws Unavailable when it cannot be had now. */
  attempt: () => Promise<void>;
  engineAnswers: () => Promise<boolean>;
  signal: AbortSignal;
  onError: (error: unknown) => void;
}

/** Resolves after an attempt that did not throw, or when it is not wanted any more. */
export async function bringUp(options: BringUpOptions) {
  const { shown, queue } = options;
  let ticket: Ticket | undefined;
  try {
    for (let attempt = 0; options.isWanted(); attempt++) {
      try {
        if (options.needsRoom() && queue.length) ticket ??= queue.join(); // others were here first
        if (!ticket || ticket.place <= 1) {
          await options.attempt();
          return ticket?.served();
        }
      } catch (error) {
        if (asSlipwayError(error).kind !== 'Unavailable') throw error;
        options.onError(error);
        if (!(await options.engineAnswers())) {
          shown.starting({ problem: say('lab.engineAway') });
          await pause(retryMs(attempt), options.signal);
          continue;
        }
        ticket ??= queue.join();
      }
      const { place, seconds } = ticket;
      shown.starting({ problem: inWords(place, seconds), queue: { place, ...(seconds === undefined ? {} : { seconds }) } });
      await pause(place <= 1 ? retryMs(attempt) : QUEUE_MS, options.signal); // who is next asks again after a while, the others look whether they are
    }
  } finally {
    ticket?.leave();
  }
}

const retryMs = (attempt: number) => RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!;

/** Ends early, without a word, when the signal says so. */
async function pause(ms: number, signal: AbortSignal) {
  await setTimeout(ms, undefined, { signal }).catch(() => {});
}
