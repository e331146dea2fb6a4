// One task while it is graded: locked → open (neutral) → tried → done. Done is for ever. Failed is until it is reset. Knows its trackers; grader.ts decides
// when to ask.
import type { Task } from '../../lessons/schema.ts';
import { inEvery, SOURCE, type Language, type Text } from '../../texts/language.ts';
import type { JournalEntry } from '../../runtime/lab/control.ts';
import type { Said, TaskState } from '../protocol.ts';
import { TaskHints } from './hints.ts';
import type { Context, Match, Tracker } from './track.ts';
import { track } from './tracker.ts';
import type { StoredTask } from './types.ts';
import { describe, fill } from './words.ts';

type State = TaskState<Said>;

/** Where a judgement stands: `live` ones are of the present, others of entries that may have been judged before the server restarted. */
export interface Moment { seq: number; at: string; live: boolean; }

export class GradedTask {
  readonly task: Task;
  private readonly translations: Partial<Record<Language, Task>>;
  record: StoredTask;
  withheld = false;
  /** When it opened, as the journal tells it; undefined until this grader has come there. */
  openedMs: number | undefined;
  private readonly hints: TaskHints;
  private readonly check: Tracker;
  private readonly attempt: Tracker;
  private readonly turns: Tracker[];
  private readonly fails: Tracker | undefined;
  private readonly all: Tracker[];
  /** Up to here it was judged before the server restarted. */
  private judgedSeq: number;

  /** `translations`: the same task as other languages say it. */
  constructor(task: Task, stored: StoredTask | undefined, translations: Partial<Record<Language, Task>> = {}) {
    this.task = task;
    this.translations = translations;
    this.record = stored ? { ...stored } : { id: task.id, progress: { state: 'locked' }, openedSeq: null, seq: 0 };
    this.judgedSeq = stored?.seq ?? 0;
    this.hints = new TaskHints(task, translations);
    this.check = track(task.check);
    this.attempt = track(task.attempt);
    this.turns = task.wrongTurns.map(turn => track(turn.when));
    this.fails = task.fail && track(task.fail.when);
    this.all = [this.check, this.attempt, ...this.turns, ...(this.fails ? [this.fails] : []), ...this.hints.trackers];
  }

  get openedSeq() { return this.record.openedSeq; }
  get isDone() { return this.record.progress.state === 'done'; }
  /** Whether what needs it may open. */
  get isPassed() { return this.isDone || this.record.progress.state === 'skipped'; }
  get isOpen() { return this.record.progress.state === 'open' || this.record.progress.state === 'tried'; }
  get waitsMs() { return this.check.waitsMs; }
  get readsEvidence() { return this.check.readsEvidence; }
  /** Whether anything it asks, also of wrong turns, is in the engine's records only. */
  get wantsRecords() { return this.all.some(tracker => tracker.readsEvidence); }
  get wantsDetails() { return this.all.some(tracker => tracker.readsDetails); }

  feed(entry: JournalEntry, context: Context) {
    if (this.isDone) return;
    for (const tracker of this.all) tracker.feed(entry, context);
  }

  open(seq: number) {
    this.set({ state: 'open' }, seq);
    this.record.openedSeq = seq;
    for (const tracker of this.all) tracker.open();
  }

  /** True when it has just become done. */
  judge(context: Context, { seq, at, live }: Moment): boolean {
    if (!this.isOpen || (!live && seq <= this.judgedSeq)) return false;
    const match = this.check.holds(context);
    if (!match) return false;
    this.set({ state: 'done', at, evidence: this.say(task => task.done, match), ...this.points(this.task.points ?? 0) }, seq);
    return true;
  }

  /**
   * True when there is something new to say of an attempt, or of hints. While `unsettled`, a container that has just been started may still end:
   * then only a known wrong turn is told, and `withheld` says that there was more.
   */
  speak(context: Context, { seq, live }: Pick<Moment, 'seq' | 'live'>, unsettled: boolean): boolean {
    this.withheld = false;
    if (!this.isOpen || (!live && seq <= this.judgedSeq)) return false;
    const failed = this.fails?.holds(context);
    if (failed) return this.set({ state: 'failed', found: this.say(task => task.fail!.found, failed) }, seq);
    const offered = this.hints.offer(context);
    const attempt = this.attempt.holds(context);
    if (!attempt && this.record.progress.state !== 'tried') return offered && this.set(this.record.progress, seq);
    const best = this.wrongTurn(context);
    if (!best && unsettled) {
      this.withheld = true;
      return offered && this.set(this.record.progress, seq);
    }
    return this.set(best
      ? { state: 'tried', expected: this.say(task => task.wrongTurns[best.index]!.expected ?? task.expected, best.match), found: this.say(task => task.wrongTurns[best.index]!.found, best.match), next: this.say(task => task.wrongTurns[best.index]!.next, best.match), ...this.points(this.task.wrongTurns[best.index]!.points ?? 0) }
      : { state: 'tried', expected: this.say(task => task.expected, attempt ?? { seq }), found: describe(this.task.check, context), next: this.say(task => task.next, attempt ?? { seq }), ...this.points(0) }, seq);
  }

  /** True when there was another hint to show. Points that were got already go down with it. */
  showHint(seq: number): boolean {
    if (!this.isOpen) return false;
    const shown = this.hints.show(this.record.progress);
    if (!shown) return false;
    const progress = { ...this.record.progress, hints: shown };
    this.record = { ...this.record, progress };
    this.set(progress.state === 'tried' && progress.points ? { ...progress, points: { ...progress.points, got: Math.max(0, Math.min(progress.points.got, progress.points.of - this.hints.cost(progress))) } } : progress, seq);
    return true;
  }

  /** True when it is as if it had just opened. Hints that were shown stay shown. */
  reset(seq: number): boolean {
    if (!this.isOpen && this.record.progress.state !== 'failed') return false;
    this.judgedSeq = 0; // the whole journal before `seq` is told apart by openedSeq from now on
    this.open(seq);
    return true;
  }

  wantsOutput(context: Context) {
    return this.all.flatMap(tracker => tracker.wantsOutput(context));
  }

  wants(context: Context) {
    return this.all.flatMap(tracker => tracker.wants(context));
  }

  /** False when it says nothing new. */
  private set(progress: State, seq: number): boolean {
    const { hints: _, ...said } = progress;
    const next = { ...said, ...this.hints.view(this.record.progress, progress.state) } as State;
    if (JSON.stringify(next) === JSON.stringify(this.record.progress)) return false;
    this.record = { ...this.record, progress: next, seq };
    return true;
  }

  /** The same place of the task in every language, filled with what was found. */
  private say(pick: (task: Task) => string, match: Match): Text {
    return inEvery(language => {
      const own = this.translations[language];
      return fill(pick(own ?? this.task), match, own ? language : SOURCE);
    });
  }

  private points(got: number) {
    const of = this.task.points;
    return of === undefined ? {} : { points: { got: Math.max(0, Math.min(got, of - this.hints.cost(this.record.progress))), of } };
  }

  /** The most recent wrong turn that fits; of several at once, the first in the lesson. */
  private wrongTurn(context: Context) {
    let best: { index: number; match: Match } | undefined;
    this.turns.forEach((tracker, index) => {
      const match = tracker.holds(context);
      if (match && (!best || match.seq > best.match.seq)) best = { index, match };
    });
    return best;
  }
}
