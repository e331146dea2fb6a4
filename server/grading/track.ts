// What every kind of condition is made of when it listens: the shapes, and which containers a condition means. Used by tracker.ts, observed.ts and
// recorded.ts, which have a kind each.
import type { ContainerWhere } from '../../lessons/container-where.ts';
import type { ApiCall, EngineEvent, JournalEntry } from '../../runtime/lab/control.ts';
import type { Reading } from '../../runtime/lab/readings.ts';
import { matchesContainer } from './match.ts';
import type { Outside } from './outside.ts';
import type { ContainerFact, World } from './world.ts';

/** What made a condition hold; `seq` is when. */
export interface Match { seq: number; container?: ContainerFact | undefined; call?: ApiCall | undefined; event?: EngineEvent | undefined; count?: number | undefined; value?: string | number | boolean | undefined; }

export interface Context {
  world: World;
  openedSeq: number;
  /** Logs read so far, by container. */
  outputs: ReadonlyMap<string, { stdout: string; stderr: string }>;
  /** What was read from outside. */
  readings: Pick<Outside, 'get'>;
  /** The journal's last entry after which what was read outside may have changed, and the last event. */
  movedSeq: number;
  eventSeq: number;
  nowMs: number;
  /** When the task opened, as far as this grader has seen it. */
  openedMs: number;
}

export interface Tracker {
  feed(entry: JournalEntry, context: Context): void;
  holds(context: Context): Match | null;
  /** Forgets what happened before the task opened, where the condition asks only for what came since. */
  open(): void;
  /** Whether it reads what only the engine's records say. */
  readonly readsEvidence: boolean;
  /** How long a container has to have been up, in ms: time alone can make it hold. */
  readonly waitsMs: number;
  /** Whether it reads the records of images, volumes and networks in full. */
  readonly readsDetails: boolean;
  /** Containers whose log it would read now. */
  wantsOutput(context: Context): ContainerFact[];
  /** What it would have read from outside now. */
  wants(context: Context): Reading[];
  /** Whether all that it needs has been read: only then does "it does not hold" mean anything. */
  isKnown(context: Context): boolean;
}

export const silent = { feed() {}, open() {}, readsEvidence: false, readsDetails: false, waitsMs: 0, wantsOutput: () => [], wants: () => [], isKnown: () => true } satisfies Partial<Tracker>;

/** The newest first. */
export function find(where: ContainerWhere, { world, openedSeq }: Context, anyState = false): ContainerFact[] {
  return [...world.containers.values()].filter(fact => matchesContainer(fact, where, world, openedSeq, anyState)).sort((a, b) => b.changedSeq - a.changedSeq);
}
export const reads = (where: ContainerWhere | undefined): boolean => where?.tty !== undefined || where?.interactive !== undefined || where?.autoRemove !== undefined || where?.command !== undefined;
export const waits = (where: ContainerWhere | undefined): number => (where?.upSeconds ?? 0) * 1000;
