// A condition turned into something that listens: it is fed each journal entry once, remembers only what it needs (never the journal),
// and can say at any time whether it holds, and by what evidence. One tree per check, attempt and wrong turn; made by task.ts.
import type { CallWhere, Condition, EventWhere, RecordWhere, SequenceStep, WithinWhere } from '../../lessons/condition.ts';
import type { ContainerWhere } from '../../lessons/container-where.ts';
import type { JournalEntry } from '../../runtime/lab/control.ts';
import { isValue, matchesCall, matchesContainer, matchesEvent, matchesStep, subjectOf, valuesAt } from './match.ts';
import { dockerfileTracker, fileTracker, httpTracker, kernelTracker, portTracker, processTracker, registryTracker, scriptTracker } from './observed.ts';
import { historyTracker, imageConfigTracker, layersTracker, networkTracker, volumeTracker } from './recorded.ts';
import { find, reads, silent, waits, type Match, type Tracker } from './track.ts';
import { sameImage, type World } from './world.ts';

export function track(condition: Condition): Tracker {
  if ('all' in condition) return combine(condition.all.map(track), matches => (matches.every(m => m !== null) ? merge(matches as Match[]) : null));
  if ('any' in condition) return combine(condition.any.map(track), matches => newest(matches));
  if ('not' in condition) return combine([track(condition.not)], ([match], known) => (match || !known ? null : { seq: 0 }));
  if ('container' in condition) return containerTracker(condition.container);
  if ('noContainer' in condition) return { ...silent, readsEvidence: reads(condition.noContainer), waitsMs: waits(condition.noContainer), holds: context => (find(condition.noContainer, context).length === 0 ? { seq: 0 } : null) };
  if ('record' in condition) return recordTracker(condition.record);
  if ('image' in condition) return imageTracker(condition.image);
  if ('output' in condition) return outputTracker(condition.output);
  if ('sequence' in condition) return sequenceTracker(condition.sequence);
  if ('within' in condition) return withinTracker(condition.within);
  if ('kernel' in condition) return kernelTracker(condition.kernel);
  if ('process' in condition) return processTracker(condition.process);
  if ('file' in condition) return fileTracker(condition.file);
  if ('dockerfile' in condition) return dockerfileTracker(condition.dockerfile);
  if ('port' in condition) return portTracker(condition.port);
  if ('http' in condition) return httpTracker(condition.http);
  if ('registry' in condition) return registryTracker(condition.registry);
  if ('script' in condition) return scriptTracker(condition.script);
  if ('volume' in condition) return volumeTracker(condition.volume);
  if ('network' in condition) return networkTracker(condition.network);
  if ('imageConfig' in condition) return imageConfigTracker(condition.imageConfig);
  if ('history' in condition) return historyTracker(condition.history);
  if ('layers' in condition) return layersTracker(condition.layers);
  if ('event' in condition) return entryTracker(condition.event, (entry, world) => entry.kind === 'event' && matchesEvent(entry.event, condition.event, world));
  return entryTracker(condition.call, entry => entry.kind === 'call' && matchesCall(entry.call, condition.call));
}

function combine(parts: Tracker[], decide: (matches: (Match | null)[], known: boolean) => Match | null): Tracker {
  return {
    feed: (entry, context) => parts.forEach(part => part.feed(entry, context)),
    holds: context => decide(parts.map(part => part.holds(context)), parts.every(part => part.isKnown(context))),
    open: () => parts.forEach(part => part.open()),
    readsEvidence: parts.some(part => part.readsEvidence),
    readsDetails: parts.some(part => part.readsDetails),
    waitsMs: Math.max(...parts.map(part => part.waitsMs)),
    wantsOutput: context => parts.flatMap(part => part.wantsOutput(context)),
    wants: context => parts.flatMap(part => part.wants(context)),
    isKnown: context => parts.every(part => part.isKnown(context)),
  };
}

const timeOf = (entry: JournalEntry) => (entry.kind === 'event' ? entry.event.timeNano : entry.call.timeNano) / 1e6;
const newest = (matches: (Match | null)[]) => matches.reduce((best, match) => (match && (!best || match.seq > best.seq) ? match : best), null);
/** All at once: true since the newest; the first that names a container or a call is quoted. */
const merge = (matches: Match[]): Match => matches.reduce((all, match) => ({
  seq: Math.max(all.seq, match.seq), container: all.container ?? match.container, call: all.call ?? match.call, event: all.event ?? match.event, count: all.count ?? match.count, value: all.value ?? match.value,
}));

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
    ...silent,
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
  };
}

function sequenceTracker({ steps, container: where, withinSeconds = Infinity, since }: { steps: SequenceStep[]; container?: ContainerWhere | undefined; withinSeconds?: number | undefined; since: 'opened' | 'start' }): Tracker {
  let reached = new Map<string, number>();
  let begun = new Map<string, number>();
  let complete = new Map<string, Match>();
  return {
    ...silent,
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
  };
}

/** Judged by the time of what is judged, so that it comes out the same when the journal is read again. */
function withinTracker({ seconds, of, after }: WithinWhere): Tracker {
  const inner = track(of);
  let from: number | undefined;
  return {
    ...inner,
    feed(entry, context) {
      inner.feed(entry, context);
      if (after && entry.seq > context.openedSeq && matchesStep(entry, after, context.world)) from = timeOf(entry);
    },
    open() {
      inner.open();
      from = undefined;
    },
    holds(context) {
      const begun = after ? from : context.openedMs;
      return begun !== undefined && context.nowMs - begun <= seconds * 1000 ? inner.holds(context) : null;
    },
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
