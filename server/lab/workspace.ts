// A learner's workspace while somebody has it open: its lab (kept-lab, shown-lab), its terminals, its tasks. All tabs of the learner share it; what happens
// is told to all of them through `announce`. Made and kept by workspaces.ts. One preparation at a time, whoever asks.
import type { Lesson, Task } from '../../lessons/schema.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { Store, WorkspaceRecord } from '../data/store.ts';
import type { FileView, QuizState, Said, TaskProgress, TerminalView, WorkspaceView, CopiesView } from '../protocol.ts';
import type { Screens } from '../terminal/screens.ts';
import type { HubTerminal, Size } from '../terminal/terminal.ts';
import type { Announce } from './announce.ts';
import { bringUp } from './bring-up.ts';
import { Copies } from './copies.ts';
import type { Engine } from './engine.ts';
import { readFile, saveFile } from './files.ts';
import { KeptLab } from './kept-lab.ts';
import { LabTerminals } from './lab-terminals.ts';
import { LessonTasks } from './lesson-tasks.ts';
import { playground } from './playground.ts';
import { PreparationError } from './prepare.ts';
import type { ProgressOptions } from './progress.ts';
import type { Queue } from './queue.ts';
import { Quizzes } from './quizzes.ts';
import { Refusal } from './refusal.ts';
import { RunAgain } from './run-again.ts';
import { ShownLab } from './shown-lab.ts';
import { Wakefulness } from './wakefulness.ts';

export interface WorkspaceOptions {
  record: WorkspaceRecord;
  engine: Engine;
  store: Store;
  screens: Screens;
  announce: Announce;
  /** Undefined on the playground. */
  lesson: Lesson | undefined;
  createGrader: ProgressOptions['createGrader'];
  openWay: (lab: string, lesson: Lesson) => Promise<void>;
  /** Says in words why no lab may be made now, having made room when it can; undefined when one may. */
  admit: (address: string, options: { replacing: boolean }) => Promise<Text | undefined>;
  /** False when the learner has made many copies in a short time. */
  mayCopy: () => boolean;
  /** All who wait because the machine is full. */
  queue: Queue;
  onError: (error: unknown) => void;
  now?: (() => number) | undefined;
}

export class Workspace {
  readonly record: WorkspaceRecord;
  /** Tabs that have it open. */
  members = 0;
  readonly wakefulness: Wakefulness;
  readonly copies: Copies;
  private readonly options: WorkspaceOptions;
  private readonly kept: KeptLab;
  private readonly shown: ShownLab;
  private readonly terminals: LabTerminals;
  private readonly tasks: LessonTasks;
  private readonly quizzes: Quizzes;
  private readonly runAgain = new RunAgain();
  private lesson: Lesson;
  /** What became of the lab before this one, when its learner did not ask for that. */
  private notice: Text | undefined;
  private preparing: Promise<void> | undefined;
  private changing: Promise<void> = Promise.resolve();
  private readonly stop = new AbortController();

  constructor(options: WorkspaceOptions) {
    const { record, engine, store, screens, announce, createGrader, onError, now } = options;
    this.options = options;
    this.record = record;
    this.lesson = options.lesson ?? playground;
    const lesson = () => this.lesson;
    this.shown = new ShownLab(announce);
    this.copies = new Copies({ record, engine, mayMake: options.mayCopy, onError });
    this.wakefulness = new Wakefulness({ engine, lab: () => this.host?.lab, announce, onError, now });
    this.kept = new KeptLab({ record, engine, store, onError, openWay: lab => options.openWay(lab, this.lesson), onLooked: () => this.wakefulness.forget() });
    this.terminals = new LabTerminals({ engine, screens, announce, onError, onLost: () => void this.recheck() });
    this.tasks = new LessonTasks({
      record, engine, store, announce, createGrader, onError, lesson,
      isOpen: () => this.members > 0,
      onLabGone: () => this.lost(),
      onAway: away => { if (this.shown.state === 'ready') this.shown.change({ ...this.shown.view, problem: away ? say('lab.engineRestarts') : undefined }); },
    });
    this.quizzes = new Quizzes({ workspace: record.id, store, announce, lesson });
    if (record.lab === null && record.begunBefore) this.notice = say('lab.lost');
  }

  /** What the page shows now. */
  get state(): WorkspaceView<Said> {
    return { lab: this.shown.view, terminals: this.terminals.views, sleepsInMs: this.wakefulness.sleepsInMs, tasks: this.tasks.states, quizzes: this.quizzes.states };
  }

  /** The host whose ports the page may open, while the lab is ready. */
  get host(): HostRef | undefined {
    return this.shown.state === 'ready' ? this.kept.host : undefined;
  }

  /** Brings the lab up when it is not; answers at once, what happens is announced. Without `wake` a lab that sleeps sleeps on. */
  async open(address: string, wake = true) {
    if (!this.tasks.areLoaded) await this.load();
    if (this.shown.state === 'asleep' && !wake) return;
    if (this.shown.state !== 'ready') this.prepare(address, undefined, wake);
    else void this.recheck();
  }

  /** Suspends the lab under open tabs, which are told and have a button to wake it. */
  async fallAsleep() {
    const { lab } = this.kept;
    if (this.preparing || !lab || this.shown.state !== 'ready') return;
    this.wakefulness.forget();
    this.shown.change({ id: lab.id, hostname: '', state: 'asleep' });
    this.preparing = this.putToSleep(lab.id).catch(error => {
      this.options.onError(error);
      this.wakefulness.presence.use(); // not again at once
      this.shown.starting(); // whatever it is now, it can be opened
    }).finally(() => this.prepared(''));
    await this.preparing;
  }

  /** A fresh lab in place of the old one. Done tasks stay done. Answers when the old one is gone; refused, the old one stays. */
  async reset(address: string, next: { skip?: readonly Task[]; from?: string } = {}) {
    if (this.preparing) return; // one is on its way
    let clearing = () => {};
    const cleared = new Promise<void>(resolve => { clearing = resolve; });
    let refused: Text | undefined;
    this.prepare(address, async () => {
      try {
        refused = await this.options.admit(address, { replacing: this.record.lab !== null });
        if (!refused) {
          await this.clear();
          this.kept.skip = next.skip ?? [];
          this.kept.from = next.from;
        }
      } finally {
        clearing();
      }
      return !refused;
    });
    await cleared;
    if (refused) throw new Refusal(refused);
  }

  /** "Start here": a fresh lab in which all tasks before this one have been done for the learner. */
  async startAt(task: string, address: string) {
    const index = this.lesson.tasks.findIndex(one => one.id === task);
    if (index < 0) throw new Refusal(say('lab.badRequest'));
    if (this.preparing) throw new Refusal(say('lab.notReady'));
    await this.reset(address, { skip: this.lesson.tasks.slice(0, index) });
  }

  async saveCopy(): Promise<CopiesView> { return this.copies.save(this.readyHost().lab); }

  /** The lab as it was when the copy was made, in place of the one that there is. Done tasks stay done. */
  async goBack(copy: string, address: string) {
    if (this.preparing) throw new Refusal(say('lab.notReady'));
    await this.copies.find(copy);
    await this.reset(address, { from: copy });
  }

  hint(task: string): TaskProgress<Said> { return this.tasks.hint(task); }

  async resetTask(id: string): Promise<TaskProgress<Said>> { return this.tasks.reset(id, this.readyHost(), () => this.wakefulness.stir()); }

  answerQuiz(id: string, answer: readonly string[]): Promise<QuizState<Said>> { return this.quizzes.answer(id, answer); }

  readFile(path: string): Promise<FileView> { return readFile(this.options.engine.exec, this.readyHost(), path); }

  saveFile(file: FileView) { return saveFile(this.options.engine.exec, this.readyHost(), file); }

  /** False when the same was run a moment ago. */
  mayRun(terminal: string, input: string): boolean { return this.runAgain.mayRun(terminal, input); }

  /** With a title: the terminal of that name, opened when there is none. */
  async openTerminal(size: Size, title?: string): Promise<TerminalView> {
    const host = this.readyHost();
    await this.wakefulness.stir();
    try {
      return await this.terminals.open(host, size, title);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      this.options.onError(error);
      void this.recheck();
      throw new Refusal(await this.engineAnswers() ? say('lab.notNow') : say('lab.engineRestarts'));
    }
  }

  terminal(id: string): HubTerminal { return this.terminals.find(id); }

  closeTerminal(id: string) { return this.terminals.close(id); }

  /** Its author has changed the lesson: what is done stays done, everything else is judged by the new text from the lab's whole journal. */
  changeLesson(lesson: Lesson): Promise<void> {
    this.options.announce('lesson:changed'); // the text does not wait for the rest
    // One after the other: a file that is saved in two steps is laid in two steps, and the second must find what the first has laid.
    const changed = this.changing.then(() => this.takeLesson(lesson));
    this.changing = changed.catch(() => {});
    return changed;
  }

  /** Lets go of terminals and journal; the lab and all that runs in it stay. */
  async release() {
    this.stop.abort();
    await this.preparing;
    this.terminals.release();
    await this.tasks.unwatch();
  }

  private async takeLesson(lesson: Lesson) {
    await this.preparing;
    if (this.stop.signal.aborted) return;
    const before = this.lesson;
    this.lesson = lesson;
    const laid = this.host && this.kept.lay(before, lesson);
    await this.tasks.unwatch();
    await this.load();
    if (this.kept.lab && this.shown.state === 'ready') await this.tasks.watch(this.kept.lab);
    await laid;
    this.tasks.tellAll();
  }

  private async putToSleep(lab: string) {
    this.terminals.forgetAll(say('lab.asleep'));
    await this.tasks.unwatch();
    this.kept.lab = undefined;
    await this.options.store.seen(this.record.id);
    await this.options.engine.suspendLab(lab);
  }

  private async clear() {
    this.shown.starting();
    this.notice = undefined;
    const old = this.record.lab;
    if (old === null) return;
    await this.dropLab(say('lab.reset'));
    await this.options.engine.disposeLab(old).catch(this.options.onError); // what stays is swept later
  }

  /** `first` says whether a lab is still wanted, and has asked for admission. */
  private prepare(address: string, first?: () => Promise<boolean>, wake = true) {
    if (this.shown.state === 'asleep') this.shown.starting();
    this.preparing ??= this.comeUp(address, first, wake).catch(error => {
      this.options.onError(error);
      this.shown.gone(say('lab.ourFault'));
    }).finally(() => this.prepared(address));
  }

  private prepared(address: string) {
    this.preparing = undefined;
    if (this.shown.state === 'starting' && this.isWanted()) this.prepare(address); // somebody came as it gave up, or as it fell asleep
  }

  /** Ends with a lab that is ready, or with a problem in words, or when nobody waits any more. */
  private async comeUp(address: string, first: (() => Promise<boolean>) | undefined, wake: boolean) {
    if (first && !(await first())) return;
    if (!wake && (await this.kept.sleeps())) return this.shown.change({ id: this.record.lab!, hostname: '', state: 'asleep' }); // a page that merely found its way back does not wake it
    const admission = { given: first !== undefined };
    if (this.shown.state !== 'starting') this.shown.starting();
    await bringUp({
      shown: this.shown,
      queue: this.options.queue,
      needsRoom: () => this.record.lab === null,
      isWanted: () => this.isWanted(),
      attempt: () => this.tryOnce(address, admission),
      engineAnswers: () => this.engineAnswers(),
      signal: this.stop.signal,
      onError: this.options.onError,
    });
  }

  /** Throws Unavailable when it cannot be had now. */
  private async tryOnce(address: string, admission: { given: boolean }) {
    if (this.record.lab !== null && !(await this.kept.find(this.record.lab))) {
      await this.dropLab(say('lab.lost'));
      this.notice = say('lab.lost');
    }
    if (!this.kept.lab) {
      const refusal = admission.given ? undefined : await this.options.admit(address, { replacing: false });
      if (refusal) return this.shown.gone(refusal);
      admission.given = true;
      await this.makeLab();
    }
    const { lab, fresh } = this.kept;
    if (!lab) return;
    await this.terminals.reattach(lab);
    await this.tasks.watch(lab);
    this.shown.change({ id: lab.id, hostname: lab.hosts[0]?.hostname ?? '', state: 'ready', ...(fresh ? { fresh: true } : {}), ...(this.notice ? { notice: this.notice } : {}) });
  }

  /** There is none afterwards when the lesson could not prepare it, which has been told. */
  private async makeLab() {
    const { signal } = this.stop;
    if (this.kept.from !== undefined) this.shown.starting({ doing: say('copies.going') });
    try {
      await this.kept.make(this.lesson, signal, doing => this.shown.starting({ doing }));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof PreparationError)) throw error;
      this.options.onError(error);
      this.kept.skip = [];
      this.shown.gone(say('prepare.failed', { step: error.step }));
    }
  }

  /** Looks whether an open lab is still alive, when there is reason to doubt it. */
  private async recheck() {
    if (this.preparing || this.shown.state !== 'ready' || this.record.lab === null) return;
    try {
      if (!(await this.kept.find(this.record.lab))) this.lost();
    } catch (error) {
      this.options.onError(error);
    }
  }

  /** The engine has lost the lab while it was open. */
  private lost() {
    if (this.stop.signal.aborted) return;
    if (this.preparing) return void this.preparing.then(() => this.lost());
    this.shown.starting({ notice: say('lab.lost') });
    if (this.members) this.prepare(''); // else whoever opens it next gets a new one
  }

  private async dropLab(reason: Text) {
    this.terminals.forgetAll(reason);
    await this.tasks.unwatch();
    await this.kept.drop();
    await this.load();
    this.tasks.tellAll();
  }

  private async load() {
    await this.quizzes.load();
    await this.tasks.load();
  }

  private isWanted(): boolean { return this.members > 0 && !this.stop.signal.aborted; }

  private engineAnswers(): Promise<boolean> { return this.options.engine.hello().then(() => true, () => false); }

  private readyHost(): HostRef {
    if (!this.host) throw new Refusal(say('lab.notReady'));
    return this.host;
  }
}
