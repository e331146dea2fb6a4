// The grader's contract: what server/ wires (engine journal in, progress and explanations out).
// One grader per lab. It keeps no files and no timers while nothing happens, and believes only the engine: never a shell's history.
import type { Task } from '../../lessons/schema.ts';
import type { Language } from '../../texts/language.ts';
import type { Evidence, JournalEntry } from '../../runtime/lab/control.ts';
import type { Found, Reading } from '../../runtime/lab/readings.ts';
import type { Said, ServerEvents, TaskProgress, TaskState } from '../protocol.ts';

/** A task as the database keeps it; JSON. Give it back as `stored` when the server or the page comes again. */
export interface StoredTask {
  id: string;
  progress: TaskState<Said>;
  /** The journal's position when the task opened in this lab: work from before does not count where a check says `since: opened`. Null while locked. */
  openedSeq: number | null;
  /** The last journal entry this state was judged on. */
  seq: number;
}

/** A note beside the terminal: one sentence that explains an error just met, one next step. */
export type Note = Parameters<ServerEvents<Said>['explain']>[0];

export interface GraderOptions {
  /** `translations` say the same tasks, in the same order. */
  lesson: { tasks: readonly Task[]; translations?: Partial<Record<Language, { tasks: readonly Task[] }>> };
  /** What the journal has up to here is no learner's work and will not be fed. Default: 0. */
  baseSeq?: number;
  /** The engine's `evidence` verb for the lab's host. Called at most once at a time, only when an open task needs it. */
  evidence: (options: { details: boolean }) => Promise<Evidence>;
  /** The engine's `read` verb. Called at most once at a time, only when an open task needs it. */
  read: (readings: Reading[]) => Promise<{ seq: number; found: Found[] }>;
  /** The engine's `containerOutput` verb. */
  output: (containerId: string) => Promise<{ stdout: string; stderr: string }>;
  /** What the database has for this lab; empty for a new one. After a reset: `carriedOver(stored)`. */
  stored: readonly StoredTask[];
  /** Called when a task's state has changed, and only then. `record` is what to store. */
  onProgress: (task: TaskProgress<Said>, record: StoredTask) => void;
  onExplain: (note: Note) => void;
  /** A failed evidence or output call; the grader asks again at the next entry. */
  onError?: (error: unknown) => void;
}

export interface Grader {
  /** Call before the first `feed`; `progress()` is right from then on. */
  start(): void;
  /**
   * Every journal entry of the lab's host in order, from the beginning the engine keeps (`journal` with since: 0), also after a
   * restart of the server: entries at or before the stored positions rebuild memory and neither notify nor explain again.
   */
  feed(entry: JournalEntry): void;
  /** The state of every task, in the lesson's order. */
  progress(): TaskProgress<Said>[];
  /**
   * Whether an open task asks for something that no event tells of: then `look` is to be called when the lab has done something, at most once a second.
   * `again`: even if it has not, because the last reading failed.
   */
  wantsLook(): boolean | 'again';
  look(): void;
  /** Shows the task's next hint; undefined when it has none to show. */
  hint(task: string): TaskProgress<Said> | undefined;
  /**
   * Begins an open, tried or failed task again: what was done before does not count where a check says `since: opened`. `seq` is where the engine's journal is now;
   * putting the lab back to where it can be done is the caller's.
   */
  reset(task: string, seq: number): TaskProgress<Said> | undefined;
  /** Resolves when everything fed so far has been judged (for tests and for a clean shutdown). */
  settled(): Promise<void>;
  /** Releases timers; nothing is called afterwards. Idempotent. */
  stop(): void;
}

/** A task that "Start here" has done for the learner: what needs it opens, and nothing is earned. */
export const skipped = (id: string): StoredTask => ({ id, progress: { state: 'skipped', at: new Date().toISOString() }, openedSeq: 0, seq: 0 });

/**
 * What survives `reset lab`: tasks that are done, not those that were skipped, and hints that were shown; positions in the old lab's journal mean
 * nothing in the new one.
 */
export function carriedOver(stored: readonly StoredTask[]): StoredTask[] {
  return stored.flatMap((task): StoredTask[] => {
    if (task.progress.state === 'done') return [{ ...task, openedSeq: 0, seq: 0 }];
    const shown = task.progress.hints?.shown ?? [];
    return shown.length > 0 ? [{ id: task.id, progress: { state: 'locked', hints: { shown } }, openedSeq: null, seq: 0 }] : [];
  });
}
