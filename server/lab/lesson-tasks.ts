// The tasks of a workspace's lesson: as the grader sees them while there is a lab to watch, as they were left while there is none. Owned by workspace.ts,
// which says which lab; progress.ts does the watching. Tabs hear of every change.
import type { Lesson } from '../../lessons/schema.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Lab } from '../../runtime/lab/control.ts';
import { say } from '../../texts/server.ts';
import type { Store, WorkspaceRecord } from '../data/store.ts';
import type { Said, TaskProgress } from '../protocol.ts';
import type { Announce } from './announce.ts';
import { runCommand } from './commands.ts';
import type { Engine } from './engine.ts';
import { watchLimits } from './limits.ts';
import { type Progress, type ProgressOptions, watchProgress } from './progress.ts';
import { Refusal } from './refusal.ts';

export interface LessonTasksOptions {
  record: WorkspaceRecord;
  engine: Engine;
  store: Store;
  announce: Announce;
  createGrader: ProgressOptions['createGrader'];
  onError: (error: unknown) => void;
  /** As it is now: its author may change it. */
  lesson: () => Lesson;
  /** Whether a tab has the workspace open. */
  isOpen: () => boolean;
  onLabGone: () => void;
  onAway: (away: boolean) => void;
}

export class LessonTasks {
  private readonly options: LessonTasksOptions;
  private progress: Progress | undefined;
  private stored: TaskProgress<Said>[] = [];
  private resetting = false;

  constructor(options: LessonTasksOptions) { this.options = options; }

  get states(): TaskProgress<Said>[] { return this.progress?.tasks() ?? this.stored; }

  get areLoaded(): boolean { return this.stored.length > 0; }

  /** What is known of the tasks while no lab is there to watch: those done before, the rest as a new grader sees them. */
  async load() {
    const { createGrader, store, record } = this.options;
    const unavailable = () => Promise.reject(new Error('no lab yet'));
    const grader = createGrader({ lesson: this.options.lesson(), stored: await store.tasks(record.attempt), evidence: unavailable, read: unavailable, output: unavailable, onProgress: () => {}, onExplain: () => {} });
    grader.start();
    this.stored = grader.progress();
    grader.stop();
  }

  /** Grades what happens in this lab from now on, and what the journal has of it. Once, however often it is asked. */
  async watch(lab: Lab) {
    const host = lab.hosts[0];
    if (this.progress || !host) return;
    const { engine, store, record, createGrader, announce, onError, isOpen, onLabGone, onAway } = this.options;
    const { attempt } = record;
    const lesson = this.options.lesson();
    const stored = await store.tasks(attempt);
    const stopLimits = watchLimits({ engine, lab, onError, isOpen, tell: note => announce('explain', note) });
    const progress = watchProgress({
      engine, lesson, createGrader, stored, onError, onLabGone, onAway,
      host: { lab: lab.id, host: host.id },
      baseSeq: record.baseSeq,
      save: task => store.saveTask(attempt, task),
      onProgress: task => announce('task:progress', task),
      onExplain: note => announce('explain', note),
    });
    this.progress = { ...progress, release: () => { stopLimits(); return progress.release(); } };
    this.tellAll();
  }

  /** Resolves when what is known has been saved. Idempotent. */
  async unwatch() {
    const { progress } = this;
    this.progress = undefined;
    await progress?.release();
  }

  tellAll() {
    for (const task of this.states) this.options.announce('task:progress', task);
  }

  /** Shows the task's next hint, to all tabs. */
  hint(task: string): TaskProgress<Said> {
    const shown = this.progress?.hint(task);
    if (!shown) throw new Refusal(say('task.noHint'));
    return shown;
  }

  /** Puts the lab back to where this task can be done, and begins it again; `stir` sees to it that the lab moves. Other tasks keep what they have. */
  async reset(id: string, host: HostRef, stir: () => Promise<void>): Promise<TaskProgress<Said>> {
    const task = this.options.lesson().tasks.find(one => one.id === id);
    const state = this.states.find(one => one.id === id)?.progress.state;
    if (!task?.reset.length || (state !== 'open' && state !== 'tried' && state !== 'failed') || this.resetting) throw new Refusal(say('task.noReset'));
    this.resetting = true;
    const { engine, onError } = this.options;
    try {
      await stir();
      for (const command of task.reset) await runCommand(engine.exec, host, command);
      const { seq } = await engine.evidence(host);
      const begun = this.progress?.resetTask(id, seq);
      if (!begun) throw new Refusal(say('task.noReset'));
      return begun;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      onError(error);
      throw new Refusal(say('lab.notNow'));
    } finally {
      this.resetting = false;
    }
  }
}
