// A learner's workspace while somebody has it open: its lab, its terminals, its tasks. All tabs of the learner share it; what happens
// is told to all of them through `announce`. Made and kept by workspaces.ts. One preparation at a time, whoever asks.
import { type Lesson, lessonIn, type Task } from '../../lessons/schema.ts';
import { asSlipwayError } from '../../runtime/errors.ts';
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import type { Lab } from '../../runtime/lab/control.ts';
import { carriedOver } from '../grading/types.ts';
import { judge, stateOf, type StoredQuiz } from '../quiz/judge.ts';
import type { Store, WorkspaceRecord } from '../data/store.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { FileView, LabView, QuizState, Said, ServerEvents, TaskProgress, TerminalView, WorkspaceView } from '../protocol.ts';
import type { HubTerminal, Size } from '../terminal/terminal.ts';
import type { Screens } from '../terminal/screens.ts';
import { runCommand } from './commands.ts';
import type { Engine } from './engine.ts';
import { readFile, saveFile } from './files.ts';
import { LabTerminals } from './lab-terminals.ts';
import { watchLimits } from './limits.ts';
import { makeNewLab } from './new-lab.ts';
import { layChanged, PreparationError } from './prepare.ts';
import { type Progress, watchProgress, type ProgressOptions } from './progress.ts';
import { inWords, type Queue, type Ticket } from './queue.ts';
import { Refusal } from './refusal.ts';
import { Wakefulness } from './wakefulness.ts';

export type Announce = <E extends keyof ServerEvents>(event: E, ...args: Parameters<ServerEvents<Said>[E]>) => void;

export interface WorkspaceOptions {
  record: WorkspaceRecord;
  engine: Engine;
  store: Store;
  screens: Screens;
  announce: Announce;
  /** Undefined on the playground. */
  lesson: Lesson | undefined;
  createGrader: ProgressOptions['createGrader'];
  /** Says in words why no lab may be made now, having made room when it can; undefined when one may. */
  admit: (address: string, options: { replacing: boolean }) => Promise<Text | undefined>;
  /** All who wait because the machine is full. */
  queue: Queue;
  onError: (error: unknown) => void;
  now?: (() => number) | undefined;
}

/** Between two looks at the queue. */
const QUEUE_MS = 500;
const RETRY_MS = [250, 500, 1000, 2000, 4000];

export class Workspace {
  readonly record: WorkspaceRecord;
  /** Tabs that have it open. */
  members = 0;
  readonly wakefulness: Wakefulness;
  private readonly options: WorkspaceOptions;
  private lab: Lab | undefined;
  private view: LabView<Said> = { id: '', hostname: '', state: 'starting' };
  private readonly terminals: LabTerminals;
  private progress: Progress | undefined;
  private stored: TaskProgress<Said>[] = [];
  private notice: Text | undefined;
  private preparing: Promise<void> | undefined;
  /** To be done for the learner in the lab that is being made. */
  private skip: readonly Task[] = [];
  private fresh = false;
  /** The lesson as its files lie in the lab, where that is not the lesson as it is: laying them has failed. */
  private laid: Lesson | undefined;
  private changing: Promise<void> = Promise.resolve();
  private quizzes = new Map<string, StoredQuiz>();
  private lastRun = { what: '', at: -Infinity };
  private resettingTask = false;
  private readonly stop = new AbortController();

  constructor(options: WorkspaceOptions) {
    this.options = options;
    this.record = options.record;
    this.wakefulness = new Wakefulness({ engine: options.engine, lab: () => this.host?.lab, announce: options.announce, onError: options.onError, now: options.now });
    this.terminals = new LabTerminals({ engine: options.engine, screens: options.screens, announce: options.announce, onError: options.onError, onLost: () => void this.recheck() });
    if (this.record.lab === null && this.record.begunBefore) this.notice = say('lab.lost');
  }

  /** What the page shows now. */
  get state(): WorkspaceView<Said> {
    return { lab: this.view, terminals: this.terminals.views, sleepsInMs: this.wakefulness.sleepsInMs, tasks: this.tasks(), quizzes: this.lesson.quizzes.flatMap(quiz => this.quizzes.get(quiz.id) ?? []).map(stored => this.quizState(stored)) };
  }

  /** The host whose ports the page may open, while the lab is ready. */
  get host(): HostRef | undefined {
    const host = this.lab?.hosts[0];
    return this.lab && host && this.view.state === 'ready' ? { lab: this.lab.id, host: host.id } : undefined;
  }

  /** Brings the lab up when it is not; answers at once, what happens is announced. Without `wake` a lab that sleeps sleeps on. */
  async open(address: string, wake = true) {
    if (!this.stored.length) await this.loadTasks();
    if (this.view.state === 'asleep' && !wake) return;
    if (this.view.state !== 'ready') this.prepare(address, undefined, wake);
    else void this.recheck();
  }

  /** Suspends the lab under open tabs, which are told and have a button to wake it. */
  async fallAsleep() {
    const { lab } = this;
    if (this.preparing || !lab || this.view.state !== 'ready') return;
    this.wakefulness.forget();
    this.change({ id: lab.id, hostname: '', state: 'asleep' });
    this.preparing = this.putToSleep(lab.id).catch(error => {
      this.options.onError(error);
      this.wakefulness.presence.use(); // not again at once
      this.change({ id: '', hostname: '', state: 'starting' }); // whatever it is now, it can be opened
    }).finally(() => this.prepared(''));
    await this.preparing;
  }

  private async putToSleep(lab: string) {
    this.terminals.forgetAll(say('lab.asleep'));
    const { progress } = this;
    this.progress = undefined;
    await progress?.release();
    this.lab = undefined;
    await this.options.store.seen(this.record.id);
    await this.options.engine.suspendLab(lab);
  }

  /** A fresh lab in place of the old one. Done tasks stay done. Answers when the old one is gone; refused, the old one stays. */
  async reset(address: string, skip: readonly Task[] = []) {
    if (this.preparing) return; // one is on its way
    let clearing = () => {};
    const cleared = new Promise<void>(resolve => { clearing = resolve; });
    let refused: Text | undefined;
    this.prepare(address, async () => {
      try {
        refused = await this.options.admit(address, { replacing: this.record.lab !== null });
        if (!refused) {
          await this.clear();
          this.skip = skip;
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
    await this.reset(address, this.lesson.tasks.slice(0, index));
  }

  /** Shows the task's next hint, to all tabs. */
  hint(task: string): TaskProgress<Said> {
    const shown = this.progress?.hint(task);
    if (!shown) throw new Refusal(say('task.noHint'));
    return shown;
  }

  /** Puts the lab back to where this task can be done, and begins it again. Other tasks keep what they have. */
  async resetTask(id: string): Promise<TaskProgress<Said>> {
    const host = this.readyHost();
    const task = this.lesson.tasks.find(one => one.id === id);
    const state = this.tasks().find(one => one.id === id)?.progress.state;
    if (!task?.reset.length || (state !== 'open' && state !== 'tried' && state !== 'failed') || this.resettingTask) throw new Refusal(say('task.noReset'));
    this.resettingTask = true;
    try {
      await this.wakefulness.stir();
      for (const command of task.reset) await runCommand(this.options.engine.exec, host, command);
      const { seq } = await this.options.engine.evidence(host);
      const begun = this.progress?.resetTask(id, seq);
      if (!begun) throw new Refusal(say('task.noReset'));
      return begun;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      this.options.onError(error);
      throw new Refusal(say('lab.notNow'));
    } finally {
      this.resettingTask = false;
    }
  }

  /** Judges an answer; the learner's other tabs hear of it. */
  async answerQuiz(id: string, answer: readonly string[]): Promise<QuizState<Said>> {
    const quiz = this.lesson.quizzes.find(one => one.id === id);
    const stored = quiz && judge(quiz, answer, this.quizzes.get(id));
    if (!stored) throw new Refusal(say('quiz.noAnswer'));
    this.quizzes.set(id, stored);
    await this.options.store.saveQuiz(this.record.id, stored);
    const state = this.quizState(stored);
    this.options.announce('quiz:progress', state);
    return state;
  }

  readFile(path: string): Promise<FileView> {
    return readFile(this.options.engine.exec, this.readyHost(), path);
  }

  saveFile(file: FileView) {
    return saveFile(this.options.engine.exec, this.readyHost(), file);
  }

  /** False when the same was run a moment ago, in whichever tab: the second half of a double click. */
  mayRun(terminal: string, input: string): boolean {
    const what = `${terminal} ${input}`;
    const again = what === this.lastRun.what && performance.now() - this.lastRun.at < RUN_AGAIN_MS;
    if (!again) this.lastRun = { what, at: performance.now() };
    return !again;
  }

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

  terminal(id: string): HubTerminal {
    return this.terminals.find(id);
  }

  closeTerminal(id: string) { return this.terminals.close(id); }

  /** Its author has changed the lesson: what is done stays done, everything else is judged by the new text from the lab's whole journal. */
  changeLesson(lesson: Lesson): Promise<void> {
    this.options.announce('lesson:changed'); // the text does not wait for the rest
    // One after the other: a file that is saved in two steps is laid in two steps, and the second must find what the first has laid.
    const changed = this.changing.then(() => this.takeLesson(lesson));
    this.changing = changed.catch(() => {});
    return changed;
  }

  private async takeLesson(lesson: Lesson) {
    await this.preparing;
    if (this.stop.signal.aborted) return;
    const before = this.laid ?? this.lesson;
    this.options.lesson = lesson;
    const laid = this.host && layChanged(this.options.engine.exec, this.host, before, lesson).then(() => { this.laid = lesson; }, (error: unknown) => {
      this.laid = before;
      this.options.onError(error);
    });
    const { progress } = this;
    this.progress = undefined;
    await progress?.release();
    await this.loadTasks();
    if (this.lab && this.view.state === 'ready') await this.watch(this.lab);
    await laid;
    for (const task of this.tasks()) this.options.announce('task:progress', task);
  }

  /** Lets go of terminals and journal; the lab and all that runs in it stay. */
  async release() {
    this.stop.abort();
    await this.preparing;
    this.terminals.release();
    await this.progress?.release();
    this.progress = undefined;
  }

  private async clear() {
    this.change({ id: '', hostname: '', state: 'starting' });
    this.notice = undefined;
    const old = this.record.lab;
    if (old === null) return;
    await this.dropLab(say('lab.reset'));
    await this.options.engine.disposeLab(old).catch(this.options.onError); // what stays is swept later
  }

  /** `first` says whether a lab is still wanted, and has asked for admission. */
  private prepare(address: string, first?: () => Promise<boolean>, wake = true) {
    if (this.view.state === 'asleep') this.change({ id: '', hostname: '', state: 'starting' });
    this.preparing ??= this.bringUp(address, first, wake).catch(error => {
      this.options.onError(error);
      this.change({ id: '', hostname: '', state: 'gone', problem: say('lab.ourFault') });
    }).finally(() => this.prepared(address));
  }

  private prepared(address: string) {
    this.preparing = undefined;
    if (this.view.state === 'starting' && this.members && !this.stop.signal.aborted) this.prepare(address); // somebody came as it gave up, or as it fell asleep
  }

  /** Ends with a lab that is ready, or with a problem in words, or when nobody waits any more. Tries again while the engine is away. */
  private async bringUp(address: string, first: (() => Promise<boolean>) | undefined, wake: boolean) {
    if (first && !(await first())) return;
    if (!wake && (await this.sleeps())) return this.change({ id: this.record.lab!, hostname: '', state: 'asleep' });
    const admission = { given: first !== undefined };
    if (this.view.state !== 'starting') this.change({ id: '', hostname: '', state: 'starting' });
    let ticket: Ticket | undefined;
    try {
      for (let attempt = 0; !this.stop.signal.aborted && this.members; attempt++) {
        try {
          if (this.record.lab === null && this.options.queue.length) ticket ??= this.options.queue.join(); // others were here first
          if (!ticket || ticket.place <= 1) {
            await this.tryOnce(address, admission);
            return ticket?.served();
          }
        } catch (error) {
          if (asSlipwayError(error).kind !== 'Unavailable') throw error;
          this.options.onError(error);
          if (!(await this.engineAnswers())) {
            this.change({ id: '', hostname: '', state: 'starting', problem: say('lab.engineAway') });
            await this.pause(RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!);
            continue;
          }
          ticket ??= this.options.queue.join();
        }
        await this.waitIn(ticket, attempt);
      }
    } finally {
      ticket?.leave();
    }
  }

  /** Throws Unavailable when it cannot be had now. */
  private async tryOnce(address: string, admission: { given: boolean }) {
    if (this.record.lab !== null && !(await this.find(this.record.lab))) {
      await this.dropLab(say('lab.lost'));
      this.notice = say('lab.lost');
    }
    if (!this.lab) {
      const refusal = admission.given ? undefined : await this.options.admit(address, { replacing: false });
      if (refusal) return this.change({ id: '', hostname: '', state: 'gone', problem: refusal });
      admission.given = true;
      const lab = await this.makeReady();
      if (!lab) return;
      this.lab = lab;
    }
    await this.terminals.reattach(this.lab);
    await this.watch(this.lab);
    const host = this.lab.hosts[0];
    this.change({ id: this.lab.id, hostname: host?.hostname ?? '', state: 'ready', ...(this.fresh ? { fresh: true } : {}), ...(this.notice ? { notice: this.notice } : {}) });
  }

  /** A new lab, prepared by its lesson; undefined when the lesson could not, which has been told. Not the workspace's before it is ready: a crash leaves it to the sweep. */
  private async makeReady(): Promise<Lab | undefined> {
    const { engine, store, onError } = this.options;
    const { record, lesson, skip, stop: { signal } } = this;
    const onDoing = (doing: Text) => this.change({ id: '', hostname: '', state: 'starting', doing });
    try {
      const { lab, fresh } = await makeNewLab({ engine, store, record, lesson, skip, onDoing, onError, signal });
      this.laid = lesson;
      this.fresh = fresh;
      this.skip = [];
      return lab;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!(error instanceof PreparationError)) throw error;
      onError(error);
      this.skip = [];
      this.change({ id: '', hostname: '', state: 'gone', problem: say('prepare.failed', { step: error.step }) });
      return undefined;
    }
  }

  /** Shows the place; who is next asks again after a while, the others look whether they are. */
  private async waitIn({ place, seconds }: Ticket, attempt: number) {
    this.change({ id: '', hostname: '', state: 'starting', problem: inWords(place, seconds), queue: { place, ...(seconds === undefined ? {} : { seconds }) } });
    await this.pause(place <= 1 ? RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]! : QUEUE_MS);
  }

  /** Whether the engine has this lab, opened again if it was suspended; one whose host has ended is removed. (Not inspectLab: that measures the lab, too.) */
  private async find(id: string): Promise<boolean> {
    const lab = (await this.options.engine.listLabs()).find(known => known.id === id);
    this.wakefulness.forget();
    if (lab && lab.state !== 'running') {
      try {
        this.lab = await this.options.engine.resumeLab(id);
        return true;
      } catch (error) {
        if (asSlipwayError(error).kind !== 'NotFound') throw error;
        await this.options.engine.disposeLab(id); // its disk went with the machine's power
        return false;
      }
    }
    this.lab = lab?.hosts[0]?.state === 'running' ? lab : undefined;
    if (lab && !this.lab) await this.options.engine.disposeLab(id);
    return this.lab !== undefined;
  }

  private async watch(lab: Lab) {
    const host = lab.hosts[0];
    if (this.progress || !host) return;
    const { engine, store, createGrader, announce, onError } = this.options;
    const { lesson } = this;
    const { attempt } = this.record;
    const stored = await store.tasks(attempt);
    const stopLimits = watchLimits({ engine, lab, onError, isOpen: () => this.members > 0, tell: note => announce('explain', note) });
    const progress = watchProgress({
      engine, lesson, createGrader, onError,
      host: { lab: lab.id, host: host.id },
      baseSeq: this.record.baseSeq,
      stored,
      save: task => store.saveTask(attempt, task),
      onProgress: task => announce('task:progress', task),
      onExplain: note => announce('explain', note),
      onLabGone: () => this.lost(),
      onAway: away => { if (this.view.state === 'ready') this.change({ ...this.view, problem: away ? say('lab.engineRestarts') : undefined }); },
    });
    this.progress = { ...progress, release: () => { stopLimits(); return progress.release(); } };
    for (const task of this.progress.tasks()) announce('task:progress', task);
  }

  /** Looks whether an open lab is still alive, when there is reason to doubt it. */
  private async recheck() {
    if (this.preparing || this.view.state !== 'ready' || this.record.lab === null) return;
    try {
      if (!(await this.find(this.record.lab))) this.lost();
    } catch (error) {
      this.options.onError(error);
    }
  }

  /** A page that merely found its way back does not wake it. */
  private async sleeps(): Promise<boolean> {
    return this.record.lab !== null && (await this.options.engine.listLabs().catch(() => [])).some(lab => lab.id === this.record.lab && lab.state === 'suspended');
  }

  private engineAnswers(): Promise<boolean> {
    return this.options.engine.hello().then(() => true, () => false);
  }

  /** The engine has lost the lab while it was open. */
  private lost() {
    if (this.stop.signal.aborted) return;
    if (this.preparing) return void this.preparing.then(() => this.lost());
    this.change({ id: '', hostname: '', state: 'starting', notice: say('lab.lost') });
    if (this.members) this.prepare(''); // else whoever opens it next gets a new one
  }

  /** Ends the attempt and begins the next, without touching the engine. */
  private async dropLab(reason: Text) {
    this.terminals.forgetAll(reason);
    const { progress } = this;
    this.progress = undefined;
    await progress?.release();
    this.lab = undefined;
    this.record.lab = null;
    this.record.attempt = await this.options.store.beginAttempt(this.record.id, carriedOver);
    await this.loadTasks();
    for (const task of this.tasks()) this.options.announce('task:progress', task);
  }

  private get lesson(): Lesson {
    return this.options.lesson ?? playground;
  }

  private quizState(stored: StoredQuiz): QuizState<Said> {
    return stateOf(language => lessonIn(this.lesson, language).quizzes.find(quiz => quiz.id === stored.id)!, stored);
  }

  private readyHost(): HostRef {
    if (!this.host) throw new Refusal(say('lab.notReady'));
    return this.host;
  }

  private tasks(): TaskProgress<Said>[] {
    return this.progress?.tasks() ?? this.stored;
  }

  /** What is known of the tasks while no lab is there to watch: those done before, the rest as a new grader sees them. */
  private async loadTasks() {
    const { createGrader, store } = this.options;
    const { lesson } = this;
    this.quizzes = new Map((await store.quizzes(this.record.id)).map(quiz => [quiz.id, quiz]));
    const unavailable = () => Promise.reject(new Error('no lab yet'));
    const grader = createGrader({ lesson, stored: await store.tasks(this.record.attempt), evidence: unavailable, read: unavailable, output: unavailable, onProgress: () => {}, onExplain: () => {} });
    grader.start();
    this.stored = grader.progress();
    grader.stop();
  }

  private change(view: LabView<Said>) {
    if (JSON.stringify(view) === JSON.stringify(this.view)) return;
    this.view = view;
    this.options.announce('lab:state', view);
  }

  private pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        clearTimeout(timer);
        this.stop.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.stop.signal.addEventListener('abort', done);
    });
  }
}

/** A lab without a lesson. */
const playground: Lesson = {
  slug: '', order: [], headings: [], root: '', folder: '', title: '', summary: '', minutes: 1, level: 'beginner', prerequisites: [], images: [], profile: 'strict', hosts: [], egress: false,
  setup: [], files: { to: '/root', owner: '0:0', list: [] }, body: { type: 'root', children: [] }, tasks: [], quizzes: [],
};
/** The second half of a double click comes sooner; nobody means the same twice so soon. */
const RUN_AGAIN_MS = 900;
