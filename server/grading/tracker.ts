// A condition turned into something that listens: it is fed each journal entry once, remembers only what it needs (never the journal),
// and can say at any time whether it holds, and by what evidence. One tree per check, attempt and wrong turn; made by task.ts.
import type { CallWhere, Condition, ContainerWhere, EventWhere, RecordWhere, SequenceStep } from '../../lessons/condition.ts';
import type { ApiCall, EngineEvent, JournalEntry } from '../../runtime/lab/control.ts';
import { isValue, matchesCall, matchesContainer, matchesEvent, matchesStep, subjectOf, valuesAt } from './match.ts';
import { sameImage, type ContainerFact, type World } from './world.ts';

/** What made a condition hold; `seq` is when. */
export interface Match { seq: number; container?: ContainerFact | undefined; call?: ApiCall | undefined; event?: EngineEvent | undefined; count?: number | undefined; value?: string | number | boolean | undefined; }

export interface Context {
  world: World;
  openedSeq: number;
  /** Logs read so far, by container. */
  outputs: ReadonlyMap<string, { stdout: string; stderr: string }>;
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
  /** Containers whose log it would read now. */
  wantsOutput(context: Context): ContainerFact[];
}

export function track(condition: Condition): Tracker {
  if ('all' in condition) return combine(condition.all.map(track), matches => (matches.every(m => m !== null) ? merge(matches as Match[]) : null));
  if ('any' in condition) return combine(condition.any.map(track), matches => newest(matches));
  if ('not' in condition) return combine([track(condition.not)], ([match]) => (match ? null : { seq: 0 }));
  if ('container' in condition) return containerTracker(condition.container);
  if ('noContainer' in condition) return { ...silent, readsEvidence: reads(condition.noContainer), waitsMs: waits(condition.noContainer), holds: context => (find(condition.noContainer, context).length === 0 ? { seq: 0 } : null) };
  if ('record' in condition) return recordTracker(condition.record);
  if ('image' in condition) return imageTracker(condition.image);
  if ('output' in condition) return outputTracker(condition.output);
  if ('sequence' in condition) return sequenceTracker(condition.sequence);
  if ('event' in condition) return entryTracker(condition.event, (entry, world) => entry.kind === 'event' && matchesEvent(entry.event, condition.event, world));
  return entryTracker(condition.call, entry => entry.kind === 'call' && matchesCall(entry.call, condition.call));
}

const silent = { feed() {}, open() {}, readsEvidence: false, waitsMs: 0, wantsOutput: () => [] };

function combine(parts: Tracker[], decide: (matches: (Match | null)[]) => Match | null): Tracker {
  return {
    feed: (entry, context) => parts.forEach(part => part.feed(entry, context)),
    holds: context => decide(parts.map(part => part.holds(context))),
    open: () => parts.forEach(part => part.open()),
    readsEvidence: parts.some(part => part.readsEvidence),
    waitsMs: Math.max(...parts.map(part => part.waitsMs)),
    wantsOutput: context => parts.flatMap(part => part.wantsOutput(context)),
  };
}

const timeOf = (entry: JournalEntry) => (entry.kind === 'event' ? entry.event.timeNano : entry.call.timeNano) / 1e6;
const newest = (matches: (Match | null)[]) => matches.reduce((best, match) => (match && (!best || match.seq > best.seq) ? match : best), null);
/** All at once: true since the newest; the first that names a container or a call is quoted. */
const merge = (matches: Match[]): Match => matches.reduce((all, match) => ({
  seq: Math.max(all.seq, match.seq), container: all.container ?? match.container, call: all.call ?? match.call, event: all.event ?? match.event, count: all.count ?? match.count, value: all.value ?? match.value,
}));

function find(where: ContainerWhere, { world, openedSeq }: Context, anyState = false): ContainerFact[] {
  return [...world.containers.values()].filter(fact => matchesContainer(fact, where, world, openedSeq, anyState)).sort((a, b) => b.changedSeq - a.changedSeq);
}
const reads = (where: ContainerWhere | undefined) => where?.tty !== undefined || where?.interactive !== undefined || where?.autoRemove !== undefined || where?.command !== undefined;

const waits = (where: ContainerWhere | undefined) => (where?.upSeconds ?? 0) * 1000;

function containerTracker({ atLeast = 1, ...where }: ContainerWhere & { atLeast?: number | undefined }): Tracker {
  return {
    ...silent,
    readsEvidence: reads(where),
    waitsMs: waits(where),
    holds: context => {
      const found = find(where, context);
      return found.length >= atLeast ? { seq: found[0]!.changedSeq, container: found[0], count: found.length } : null;
    },
  };
}

function recordTracker({ container: where, ...wanted }: RecordWhere): Tracker {
  return {
    ...silent,
    readsEvidence: true,
    waitsMs: waits(where),
    holds(context) {
      for (const container of find(where, context)) {
        const value = valuesAt(container.record, wanted.at.split('.')).find(one => isValue(one, wanted));
        if (value !== undefined) return { seq: container.changedSeq, container, value };
      }
      return null;
    },
  };
}

function imageTracker({ reference, maxMegabytes = Infinity }: { reference: string; maxMegabytes?: number | undefined }): Tracker {
  const fits = (image: { references: string[]; sizeBytes: number }) => image.sizeBytes <= maxMegabytes * 1e6 && image.references.some(r => sameImage(r, reference));
  return { ...silent, readsEvidence: true, holds: ({ world }) => ((world.images ?? []).some(fits) ? { seq: 0 } : null) };
}

/** Events and calls: the latest per container, so that "of a container that runs now" can still be asked later. */
function entryTracker(where: EventWhere | CallWhere, matches: (entry: JournalEntry, world: World) => boolean): Tracker {
  let latest = new Map<string, Match & { count: number }>();
  return {
    feed(entry, context) {
      if (where.since === 'opened' && entry.seq <= context.openedSeq) return;
      if (!matches(entry, context.world)) return;
      const id = subjectOf(entry) ?? '';
      const container = context.world.containers.get(id);
      const count = (latest.get(id)?.count ?? 0) + 1;
      latest.set(id, { seq: entry.seq, container, count, ...(entry.kind === 'call' ? { call: entry.call } : { event: entry.event }) });
      if (latest.size > 500) latest.delete(latest.keys().next().value!);
    },
    holds(context) {
      const fitting = [...latest.values()].filter(match => !where.container || (match.container && matchesContainer(match.container, where.container, context.world, context.openedSeq, true)));
      const count = fitting.reduce((sum, match) => sum + match.count, 0);
      const best = newest(fitting);
      return best && count >= where.times ? { ...best, count } : null;
    },
    open: () => { if (where.since === 'opened') latest = new Map(); },
    readsEvidence: reads(where.container),
    waitsMs: waits(where.container),
    wantsOutput: () => [],
  };
}

function sequenceTracker({ steps, container: where, withinSeconds = Infinity, since }: { steps: SequenceStep[]; container?: ContainerWhere | undefined; withinSeconds?: number | undefined; since: 'opened' | 'start' }): Tracker {
  let reached = new Map<string, number>();
  let begun = new Map<string, number>();
  let complete = new Map<string, Match>();
  return {
    feed(entry, context) {
      const id = subjectOf(entry);
      if (id === undefined || (since === 'opened' && entry.seq <= context.openedSeq)) return;
      const at = reached.get(id) ?? 0;
      const step = steps[at];
      if (!step) {
        // Once through, the last step done again makes it news again.
        if (matchesStep(entry, steps.at(-1)!, context.world)) complete.set(id, { ...complete.get(id)!, seq: entry.seq });
        return;
      }
      if (at > 0 && timeOf(entry) - begun.get(id)! > withinSeconds * 1000) { // too late: it begins again, perhaps with this very entry
        if (!matchesStep(entry, steps[0]!, context.world)) return void reached.delete(id);
        reached.set(id, 1);
        return void begun.set(id, timeOf(entry));
      }
      if (!matchesStep(entry, step, context.world)) return;
      if (at === 0) begun.set(id, timeOf(entry));
      if (begun.size > 500) begun.delete(begun.keys().next().value!);
      reached.set(id, at + 1);
      if (reached.size > 500) reached.delete(reached.keys().next().value!);
      if (at + 1 === steps.length) complete.set(id, { seq: entry.seq, container: context.world.containers.get(id), ...(entry.kind === 'call' ? { call: entry.call } : { event: entry.event }) });
    },
    holds: context => newest([...complete.values()].filter(match => !where || (match.container && matchesContainer(match.container, where, context.world, context.openedSeq, true)))),
    open: () => { if (since === 'opened') { reached = new Map(); begun = new Map(); complete = new Map(); } },
    readsEvidence: reads(where),
    waitsMs: waits(where),
    wantsOutput: () => [],
  };
}

function outputTracker({ container: where, stream, contains }: { container: ContainerWhere; stream: 'stdout' | 'stderr' | 'both'; contains: string }): Tracker {
  return {
    ...silent,
    readsEvidence: reads(where),
    waitsMs: waits(where),
    holds(context) {
      for (const container of find(where, context)) {
        const output = context.outputs.get(container.id);
        const text = output && (stream === 'both' ? `${output.stdout}\n${output.stderr}` : output[stream]);
        if (text?.includes(contains)) return { seq: container.changedSeq, container };
      }
      return null;
    },
    wantsOutput: context => find(where, context),
  };
}
