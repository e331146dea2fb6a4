// The grader of one lab: journal in, ticks and explanations out. Driven by entries, and by `look` for what has no entries: nothing runs while nothing happens.
// A check is judged on every entry, at once, so that a short-lived state is not missed; what is said of a wrong turn waits
// until the learner's command has had its say (SETTLE_MS), so that half a `docker run` is no mistake.
import { asSlipwayError } from '../../runtime/errors.ts';
import type { Task } from '../../lessons/schema.ts';
import type { JournalEntry } from '../../runtime/lab/control.ts';
import type { Language } from '../../texts/language.ts';
import { Explainer } from './explain.ts';
import { Outside, type Lane } from './outside.ts';
import { Refresher } from './refresher.ts';
import { GradedTask } from './task.ts';
import type { Grader, GraderOptions } from './types.ts';
import { Facts } from './world.ts';

const SETTLE_MS = 120; // a docker command's calls follow each other within a few tens of milliseconds
/** A container that was started so short a time ago may be on its way to its end: what it is now is not yet worth saying. */
const YOUNG_MS = 1000;
/** A running container's log has no events, so it is read again this often while a task waits for it, and only so long. */
const OUTPUT_EVERY_MS = 500;
const OUTPUT_TIMES = 240;

export function createGrader(options: GraderOptions): Grader {
  const facts = new Facts();
  const outputs = new Map<string, { stdout: string; stderr: string }>();
  const tasks = options.lesson.tasks.map((task, index) => new GradedTask(task, options.stored.find(s => s.id === task.id), translationsOf(options.lesson, index)));
  const explainer = new Explainer(facts, note => options.onExplain(note));
  const onError = (error: unknown) => options.onError?.(error);
  const records = new Refresher(async () => {
    const evidence = await options.evidence({ details: tasks.some(task => task.isOpen && task.wantsDetails) });
    if (stopped) return;
    beginsAt ??= evidence.seq;
    facts.complete(evidence);
    judge(Math.max(seq, evidence.seq));
    if (wantsLook()) look();
  }, onError);
  const outside = new Outside(options.read);
  const readOutside = (lane: Lane) => async () => {
    if (stopped || !isPresent()) return;
    if (await outside.read(open().flatMap(task => task.wants(contextOf(task))), lane, () => stopped)) judge(seq);
  };
  const silent = new Refresher(readOutside('silent'), onError);
  const asking = new Refresher(readOutside('asking'), onError);
  const look = () => {
    silent.ask();
    asking.ask();
  };
  const logs = new Refresher(readLogs, onError);
  let seq = options.baseSeq ?? 0;
  let lastMs = 0;
  /** Where the journal was when the grader began: before that it reads of the past. */
  let beginsAt: number | undefined;
  /** The last entries that may have changed what is read outside, and what is in the records. */
  let movedSeq = 0;
  let eventSeq = 0;
  let stopped = false;
  let settling: NodeJS.Timeout | undefined;
  let rereading: NodeJS.Timeout | undefined;
  let rereads = 0;
  let waiting: NodeJS.Timeout | undefined;
  let growingUp: NodeJS.Timeout | undefined;

  const isPresent = () => beginsAt !== undefined && seq >= beginsAt;
  const nowMs = () => (isPresent() ? Date.now() : lastMs);
  const contextOf = (task: GradedTask) => ({ world: facts, openedSeq: task.openedSeq ?? Infinity, outputs, readings: outside, movedSeq, eventSeq, nowMs: nowMs(), openedMs: task.openedMs ?? nowMs() });
  const open = () => tasks.filter(task => task.isOpen);

  function start() {
    unlock(seq);
    records.ask();
  }

  function feed(entry: JournalEntry) {
    if (stopped) return;
    seq = entry.seq;
    lastMs = (entry.kind === 'event' ? entry.event.timeNano : entry.call.timeNano) / 1e6;
    const subject = facts.feed(entry);
    if (entry.kind === 'event') eventSeq = seq;
    const moves = entry.kind === 'event' || !['GET', 'HEAD'].includes(entry.call.method);
    if (moves) movedSeq = seq;
    for (const task of tasks) {
      if (task.openedSeq !== null && seq >= task.openedSeq) task.openedMs ??= lastMs;
      task.feed(entry, contextOf(task));
    }
    judge(seq);
    explainer.feed(entry);
    if (needsRecords(entry)) records.ask();
    if (moves) {
      outside.hasMoved();
      if (wantsLook()) look();
    }
    if (subject && open().some(task => task.wantsOutput(contextOf(task)).length > 0)) {
      rereads = 0;
      logs.ask();
    }
  }

  /** Ticks what holds now; lets the rest speak a little later. */
  function judge(at: number) {
    const clock = Date.now();
    for (const task of open()) {
      if (facts.images === null && task.readsEvidence) continue;
      if (task.judge(contextOf(task), { seq: at, at: new Date(nowMs() || Date.now()).toISOString(), live: isPresent() })) {
        report(task);
        unlock(at);
      }
    }
    settling ??= setTimeout(() => speak(), SETTLE_MS);
    waitForTime(clock);
  }

  /** Wakes once when the youngest running container has been up as long as an open task asks; `clock` is when tasks were last judged, so that no moment lies between. */
  function waitForTime(clock: number) {
    clearTimeout(waiting);
    waiting = undefined;
    const longest = Math.max(0, ...open().map(task => task.waitsMs));
    if (longest === 0) return;
    const due = [...facts.containers.values()].filter(fact => fact.state === 'running' && fact.startedAtMs !== undefined)
      .flatMap(fact => open().map(task => fact.startedAtMs! + task.waitsMs)).filter(at => at > clock);
    if (due.length > 0) waiting = setTimeout(() => judge(seq), Math.max(1, Math.min(...due) - Date.now() + 1));
  }

  function speak(youngMs = YOUNG_MS) {
    clearTimeout(growingUp);
    settling = growingUp = undefined;
    const clock = Date.now();
    const youth = Math.max(0, ...[...facts.containers.values()].map(fact => (fact.state === 'running' ? (fact.startedAtMs ?? 0) + youngMs - clock : 0)));
    for (const task of open()) if (task.speak(contextOf(task), { seq, live: isPresent() }, youth > 0)) report(task);
    if (open().some(task => task.withheld)) growingUp = setTimeout(() => speak(), youth);
  }

  /** Opens tasks whose needs are done. */
  function unlock(at: number) {
    for (const task of tasks) {
      if (task.record.progress.state !== 'locked' || !task.task.needs.every(need => tasks.find(other => other.task.id === need)?.isPassed)) continue;
      task.open(at);
      if (isPresent()) task.openedMs = Date.now();
      report(task);
    }
  }

  const progressOf = (task: GradedTask) => ({ id: task.task.id, progress: task.record.progress });

  function report(task: GradedTask) {
    options.onProgress(progressOf(task), { ...task.record });
  }

  /** Tells of it when it did anything. */
  function changed(id: string, change: (task: GradedTask) => boolean) {
    const task = tasks.find(one => one.task.id === id);
    if (!task || stopped || !change(task)) return undefined;
    report(task);
    settling ??= setTimeout(() => speak(), SETTLE_MS);
    return progressOf(task);
  }

  function wantsLook(): boolean | 'again' {
    const wants = open().some(task => task.wants(contextOf(task)).length > 0);
    return wants && (outside.isBehind || outside.owesQuestion) ? 'again' : wants;
  }

  function needsRecords(entry: JournalEntry): boolean {
    if (entry.kind !== 'event') return false;
    const { Type, Action, Actor } = entry.event;
    if (Type === 'image') return true;
    const wanted = () => open().some(task => task.wantsRecords);
    if (Type === 'network' || Type === 'volume') return wanted();
    if (Type !== 'container') return false;
    const typedId = /^(sha256:)?[0-9a-f]{4,64}$/.test(Actor.Attributes.image ?? '');
    return typedId || (!/^(exec_|attach|detach|resize|top|archive-path|export)/.test(Action) && wanted());
  }

  async function readLogs() {
    const wanted = new Map(open().flatMap(task => task.wantsOutput(contextOf(task))).map(fact => [fact.id, fact]));
    for (const id of outputs.keys()) if (!wanted.has(id)) outputs.delete(id);
    for (const fact of wanted.values()) {
      try {
        outputs.set(fact.id, await options.output(fact.id));
      } catch (error) {
        if (asSlipwayError(error).kind !== 'NotFound') throw error; // removed meanwhile, and its log with it; what was read before stays
      }
    }
    if (stopped) return;
    if (wanted.size > 0) judge(seq);
    clearTimeout(rereading);
    const growing = open().some(task => task.wantsOutput(contextOf(task)).some(fact => fact.state === 'running'));
    if (growing && rereads++ < OUTPUT_TIMES) rereading = setTimeout(() => logs.ask(), OUTPUT_EVERY_MS);
  }

  return {
    start,
    feed,
    progress: () => tasks.map(progressOf),
    wantsLook,
    look: () => { if (!stopped && isPresent()) look(); },
    hint: id => changed(id, task => task.showHint(seq)),
    reset: (id, at) => changed(id, task => {
      if (!task.reset(at)) return false;
      task.openedMs = Date.now();
      records.ask();
      return true;
    }),
    async settled() {
      do {
        await Promise.all([records.idle(), logs.idle(), silent.idle(), asking.idle()]);
        if (settling || growingUp) { clearTimeout(settling); speak(0); }
      } while (records.busy || logs.busy || silent.busy || asking.busy || settling);
      // A task that waits for time (upSeconds) is judged when that has passed.
    },
    stop() {
      stopped = true;
      clearTimeout(settling);
      clearTimeout(rereading);
      clearTimeout(waiting);
      clearTimeout(growingUp);
      explainer.stop();
    },
  };
}

const translationsOf = ({ translations = {} }: GraderOptions['lesson'], index: number): Partial<Record<Language, Task>> =>
  Object.fromEntries(Object.entries(translations).map(([language, { tasks }]) => [language, tasks[index]]));
