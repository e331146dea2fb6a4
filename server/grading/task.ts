// One task while it is graded: locked → open (neutral) → tried → done. Done is for ever. Knows its trackers; grader.ts decides when to ask.
import type { Task } from '../../lessons/schema.ts';
import type { JournalEntry } from '../../runtime/lab/control.ts';
import { track, type Context, type Match, type Tracker } from './tracker.ts';
import type { StoredTask } from './types.ts';
import { describe, fill } from './words.ts';

export class GradedTask {
  readonly task: Task;
  record: StoredTask;
  withheld = false;
  private readonly check: Tracker;
  private readonly attempt: Tracker;
  private readonly turns: Tracker[];
  /** Up to here it was judged before the server restarted. */
  private readonly judgedSeq: number;

  constructor(task: Task, stored: StoredTask | undefined) {
    this.task = task;
    this.record = stored ? { ...stored } : { id: task.id, progress: { state: 'locked' }, openedSeq: null, seq: 0 };
    this.judgedSeq = stored?.seq ?? 0;
    this.check = track(task.check);
    this.attempt = track(task.attempt);
    this.turns = task.wrongTurns.map(turn => track(turn.when));
  }

  get openedSeq() { return this.record.openedSeq; }
  /** Done, or done for the learner: nothing more can come of it, and what needs it is open. */
  get isDone() { return this.record.progress.state === 'done' || this.record.progress.state === 'skipped'; }
  get isOpen() { return this.record.progress.state === 'open' || this.record.progress.state === 'tried'; }
  get waitsMs() { return this.check.waitsMs; }
  get readsEvidence() { return this.check.readsEvidence; }
  /** Whether anything it asks, also of wrong turns, is in the engine's records only. */
  get wantsRecords() { return [this.check, this.attempt, ...this.turns].some(tracker => tracker.readsEvidence); }

  feed(entry: JournalEntry, context: Context) {
    if (this.isDone) return;
    this.check.feed(entry, context);
    this.attempt.feed(entry, context);
    for (const turn of this.turns) turn.feed(entry, context);
  }

  open(seq: number) {
    this.record = { ...this.record, progress: { state: 'open' }, openedSeq: seq, seq };
    for (const tracker of [this.check, this.attempt, ...this.turns]) tracker.open();
  }

  /** True when it has just become done. */
  judge(context: Context, seq: number, at: string): boolean {
    if (!this.isOpen || seq <= this.judgedSeq) return false;
    const match = this.check.holds(context);
    if (!match) return false;
    this.record = { ...this.record, progress: { state: 'done', at, evidence: fill(this.task.done, match), ...this.points(this.task.points ?? 0) }, seq };
    return true;
  }

  /**
   * True when there is something new to say of an attempt. While `unsettled`, a container that has just been started may still end:
   * then only a known wrong turn is told, and `withheld` says that there was more.
   */
  speak(context: Context, seq: number, unsettled: boolean): boolean {
    this.withheld = false;
    if (!this.isOpen || seq <= this.judgedSeq) return false;
    const { progress } = this.record;
    const attempt = this.attempt.holds(context);
    if (!attempt && progress.state !== 'tried') return false;
    const best = this.wrongTurn(context);
    if (!best && unsettled) {
      this.withheld = true;
      return false;
    }
    const next = best
      ? { state: 'tried' as const, expected: fill(best.turn.expected ?? this.task.expected, best.match), found: fill(best.turn.found, best.match), next: fill(best.turn.next, best.match), ...this.points(best.turn.points ?? 0) }
      : { state: 'tried' as const, expected: fill(this.task.expected, attempt ?? { seq }), found: describe(this.task.check, context), next: fill(this.task.next, attempt ?? { seq }), ...this.points(0) };
    if (progress.state === 'tried' && progress.expected === next.expected && progress.found === next.found && progress.next === next.next && progress.points?.got === next.points?.got) return false;
    this.record = { ...this.record, progress: next, seq };
    return true;
  }

  wantsOutput(context: Context) {
    return [this.check, this.attempt, ...this.turns].flatMap(tracker => tracker.wantsOutput(context));
  }

  private points(got: number) {
    return this.task.points === undefined ? {} : { points: { got, of: this.task.points } };
  }

  /** The most recent wrong turn that fits; of several at once, the first in the lesson. */
  private wrongTurn(context: Context) {
    let best: { turn: Task['wrongTurns'][number]; match: Match } | undefined;
    this.turns.forEach((tracker, index) => {
      const match = tracker.holds(context);
      if (match && (!best || match.seq > best.match.seq)) best = { turn: this.task.wrongTurns[index]!, match };
    });
    return best;
  }
}
