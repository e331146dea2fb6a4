// A task's hints: which one would be shown next, and what those that were shown cost. Never shown unasked. What was shown is part of the task's stored state,
// by its text, so that it stays shown and paid for when the lesson's author changes others.
import type { Task } from '../../lessons/schema.ts';
import { inEvery, SOURCE, type Language, type Text } from '../../texts/language.ts';
import type { Said, TaskState } from '../protocol.ts';
import type { Context, Tracker } from './track.ts';
import { track } from './tracker.ts';

type State = TaskState<Said>;

export class TaskHints {
  readonly trackers: Tracker[];
  private readonly hints: (Omit<Task['hints'][number], 'text'> & { text: Text })[];
  private readonly conditions: (Tracker | undefined)[];
  /** Those whose condition holds now, or that have none. */
  private offered: number[];

  constructor(task: Task, translations: Partial<Record<Language, Task>>) {
    this.hints = task.hints.map((hint, index) => ({ ...hint, text: inEvery(language => translations[language]?.hints[index]?.text ?? hint.text) }));
    this.conditions = task.hints.map(hint => hint.when && track(hint.when));
    this.trackers = this.conditions.filter(tracker => tracker !== undefined);
    this.offered = this.hints.flatMap((hint, index) => (hint.when ? [] : [index]));
  }

  /** Chooses by what the lab is like now, those with a condition first. True when that changes anything. */
  offer(context: Context): boolean {
    const holds = (index: number) => this.conditions[index]!.holds(context) !== null;
    const all = this.hints.map((_, index) => index);
    const next = [...all.filter(index => this.conditions[index] && holds(index)), ...all.filter(index => !this.conditions[index])];
    const changed = next.join() !== this.offered.join();
    this.offered = next;
    return changed;
  }

  /** What the state shows with the next one; undefined when there is none. */
  show(state: State): NonNullable<State['hints']> | undefined {
    const next = this.next(state);
    return next && { shown: [...(state.hints?.shown ?? []), { text: next.text, ...(next.cost === undefined ? {} : { cost: next.cost }) }] };
  }

  cost(state: State): number {
    return (state.hints?.shown ?? []).reduce((sum, hint) => sum + (hint.cost ?? 0), 0);
  }

  /** What a state in this place is to show. A task that is done, failed or locked offers none. */
  view(state: State, place: State['state']): Pick<State, 'hints'> {
    const shown = state.hints?.shown ?? [];
    const next = place === 'open' || place === 'tried' ? this.next(state) : undefined;
    if (shown.length === 0 && !next) return {};
    return { hints: { shown, ...(next ? { next: next.cost === undefined ? {} : { cost: next.cost } } : {}) } };
  }

  private next(state: State) {
    const shown = new Set((state.hints?.shown ?? []).map(hint => (typeof hint.text === 'string' ? hint.text : hint.text[SOURCE])));
    const index = this.offered.find(at => !shown.has(this.hints[at]!.text[SOURCE]));
    return index === undefined ? undefined : this.hints[index];
  }
}
