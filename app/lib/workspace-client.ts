// The browser's end of a workspace: one lab, its terminals and its tasks, over one socket. A plain store, made once per page and read through
// useSyncExternalStore; it connects when the first component listens and leaves when the last one has gone. It must never send a
// keystroke twice: what could not be sent at once is dropped, and the learner sees that the connection is gone.
import { io, type Socket } from 'socket.io-client';
import { SOCKET_PATH, type ClientEvents, type CopiesView, type FileView, type LabView, type PortView, type Problem, type QuizState, type ServerEvents, type ShareView, type TaskProgress, type TaskState, type TerminalView, type WorkspaceView } from '../../server/protocol.ts';
import type { T } from '../../texts/site.ts';
import { isSeen, watchPresence } from './presence.ts';
import { TerminalFeed, type Screen } from './terminal-feed.ts';

export type Link = 'connecting' | 'connected' | 'reconnecting' | 'failed';
export interface Note { id: string; title: string; text: string; command?: string; }

export interface WorkspaceState {
  link: Link;
  /** Connected, but only by polling: WebSockets are blocked on the way. */
  slow: boolean;
  lab: LabView | null;
  terminals: TerminalView[];
  /** Of the lab, as containers publish them or its own programs listen on them. */
  ports: PortView[];
  active: string | null;
  /** Nobody seems to be there, and the lab is put to sleep at this time of performance.now(). */
  sleepsAt: number | null;
  tasks: Readonly<Record<string, TaskState>>;
  /** The task that was ticked last in this page's life, for the toast and the screen reader. */
  lastDone: { id: string; count: number } | null;
  note: Note | null;
  /** What went wrong last, in words, until it is dismissed or overtaken. */
  problem: string | null;
  busy: 'resetting' | 'returning' | 'opening' | null;
  /** Those that were answered. */
  quizzes: Readonly<Record<string, QuizState>>;
  /** A file of the lab that is to be shown. */
  file: OpenFile | null;
  /** Of this very lab. */
  pane: PortPane | null;
  /** The lesson was taken away while the page was open. */
  removed: boolean;
  /** Counts the changes that the lesson's author has made since the page was opened. */
  edition: number;
}

/** A port shown beside the terminal; `url` is null as long as it is asked for. */
export interface PortPane { port: number; lab: string; url: string | null; /** On the site's own origin, where some pages break. */ sandboxed?: boolean; /** Counts how often it was loaded. */ turn: number; }
export interface OpenFile { path: string; line?: number | undefined; }
export type RunAnswer = { sent: true } | { sent: false; why: string };

/** How long a request may take before the learner is told; making a lab on a full machine is the slowest. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Failed attempts before "cannot connect" is shown with the network check; attempts go on behind it. */
const FAILED_AFTER = 3;
/** A tick this long after an explanation means that the learner has gone on; a tick at the same moment belongs to it. */
const NOTE_SETTLED_MS = 5000;
const MAX_FILE_BYTES = 1 << 20;

export class WorkspaceClient {
  private state: WorkspaceState;
  private readonly slug: string | null;
  private t: T;
  private readonly listeners = new Set<() => void>();
  private readonly feeds = new Map<string, TerminalFeed>();
  private socket: Socket<ServerEvents, ClientEvents> | null = null;
  private failures = 0;
  private endPresence: () => void = () => undefined;
  private everConnected = false;
  /** True after joining or resetting until a terminal is there: a workspace without any opens one by itself, once. */
  private wantsTerminal = true;
  /** Terminals that the server has named since the last join. The others stay on the page, dimmed, until the lab is ready without them. */
  private readonly confirmed = new Set<string>();
  private noteShownAt = 0;
  private waitingRun: { text: string; enter: boolean; terminal: string | undefined; settle: (answer: RunAnswer) => void } | null = null;

  constructor(slug: string | null, t: T, tasks: Readonly<Record<string, TaskState>> = {}) {
    this.slug = slug;
    this.t = t;
    this.state = { link: 'connecting', slow: false, lab: null, terminals: [], ports: [], active: null, sleepsAt: null, tasks, lastDone: null, note: null, problem: null, busy: null, quizzes: {}, file: null, pane: null, removed: false, edition: 0 };
  }

  readonly getSnapshot = (): WorkspaceState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.socket) this.connect();
    return () => {
      this.listeners.delete(listener);
      // React may unsubscribe and subscribe again within one turn; leave only when nobody has come back.
      setTimeout(() => { if (this.listeners.size === 0) this.disconnect(); }, 0);
    };
  };

  /** The reader's language. After a switch it connects anew, so that the server speaks the new one, too. */
  speak(t: T): void {
    const before = this.t.language;
    this.t = t;
    if (t.language !== before) this.socket?.disconnect().connect();
  }

  /** Binds an xterm to a terminal of the lab. The feed is attached at once when connected, and again after every reconnect. */
  openFeed(id: string, screen: Screen): TerminalFeed {
    this.feeds.get(id)?.release();
    const feed = new TerminalFeed(id, screen, () => this.socket, {
      texts: () => this.t,
      onLive: () => this.flushWaitingRun(),
      onProblem: (problem) => this.set({ problem }),
      onRelease: () => { if (this.feeds.get(id) === feed) this.feeds.delete(id); },
    });
    this.feeds.set(id, feed);
    if (this.state.link === 'connected' && this.confirmed.has(id)) feed.attach();
    return feed;
  }

  /** Puts the cursor into the active terminal. */
  focusActive(): void { if (this.state.active) this.feeds.get(this.state.active)?.focus(); }

  select(id: string): void {
    if (this.state.terminals.some((t) => t.id === id)) this.set({ active: id });
  }

  openTerminal(title?: string): void {
    if (this.state.busy === 'opening' && title === undefined) return;
    this.set({ busy: 'opening' });
    const socket = this.socket;
    if (!socket?.connected) { this.set({ busy: null, problem: this.t('problem.noTerminal') }); return; }
    socket.timeout(ANSWER_TIMEOUT_MS).emit('terminal:open', { cols: 80, rows: 24, ...(title === undefined ? {} : { title }) }, (error, answer) => {
      this.set({ busy: null });
      if (error || isProblem(answer)) {
        const problem = error ? this.t('problem.terminalLate') : (answer as Problem).problem;
        this.set({ problem });
        if (this.waitingRun?.terminal !== undefined) this.settleWaitingRun({ sent: false, why: problem });
        return;
      }
      this.addTerminal(answer);
      this.set({ active: answer.id });
    });
  }

  closeTerminal(id: string): void {
    if (this.socket?.connected) this.socket.emit('terminal:close', { id });
    this.removeTerminal(id);
  }

  /** Types a command into the active terminal, or into the one of a name (opened when there is none), and, unless told otherwise, presses Enter. Waits for the first terminal of a lab that is still starting, never for a lost connection. */
  run(text: string, { enter = true, terminal }: { enter?: boolean; terminal?: string | undefined } = {}): Promise<RunAnswer> {
    const named = terminal === undefined ? undefined : this.state.terminals.find((t) => t.title === terminal);
    if (named) this.set({ active: named.id });
    const { link, lab, active } = this.state;
    const feed = active ? this.feeds.get(active) : undefined;
    const elsewhere = terminal !== undefined && !named;
    if (feed?.live && !elsewhere) return feed.run(text, enter);
    if (link === 'reconnecting' || link === 'failed') return Promise.resolve({ sent: false, why: this.t('run.notConnected') });
    if (lab?.state === 'gone') return Promise.resolve({ sent: false, why: this.t('run.labGone') });
    if (lab?.state === 'asleep') this.wake();
    if (link === 'connected' && lab?.state === 'ready' && (elsewhere || this.state.terminals.length === 0)) this.openTerminal(terminal);
    this.waitingRun?.settle({ sent: false, why: this.t('run.replaced') });
    return new Promise((settle) => { this.waitingRun = { text, enter, terminal, settle }; });
  }

  /** A fresh lab: everything in the old one is lost. Also what "start a new lab" does when the old one is gone. */
  reset(): void {
    this.renew((done) => this.socket?.timeout(ANSWER_TIMEOUT_MS * 2).emit('lab:reset', {}, done));
  }

  private renew(send: (done: (error: Error | null, answer: WorkspaceView | Problem) => void) => void, busy: 'resetting' | 'returning' = 'resetting'): void {
    if (this.state.busy === 'resetting' || this.state.busy === 'returning') return;
    if (!this.socket?.connected) { this.set({ problem: this.t('problem.noReset') }); return; }
    this.set({ busy, note: null, problem: null });
    send((error, answer) => {
      this.set({ busy: null });
      if (error || isProblem(answer)) { this.set({ problem: error ? this.t('problem.resetLate') : (answer as Problem).problem }); return; }
      this.wantsTerminal = true;
      this.apply(answer);
    });
  }

  copies(): Promise<CopiesView | Problem> {
    return this.asked(this.t('copies.notConnected'), (socket, done: (error: Error | null, answer: CopiesView | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('copies:list', {}, done));
  }

  saveCopy(): Promise<CopiesView | Problem> {
    return this.asked(this.t('copies.notConnected'), (socket, done: (error: Error | null, answer: CopiesView | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('copies:save', {}, done));
  }

  removeCopy(id: string): Promise<CopiesView | Problem> {
    return this.asked(this.t('copies.notConnected'), (socket, done: (error: Error | null, answer: CopiesView | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('copies:remove', { id }, done));
  }

  /** The lab as it was: everything since is lost. */
  goBack(id: string): void {
    this.renew((done) => this.socket?.timeout(ANSWER_TIMEOUT_MS * 2).emit('copies:go-back', { id }, done), 'returning');
  }

  /** "Start here": a fresh lab in which everything before the task has been done. */
  startAt(task: string): void {
    this.renew((done) => this.socket?.timeout(ANSWER_TIMEOUT_MS * 2).emit('lab:start-at', { task }, done));
  }

  /** Judged by the server; what is right is not known here. */
  answerQuiz(id: string, answer: string[]): Promise<QuizState | Problem> {
    return this.asked(this.t('quiz.notConnected'), (socket, done: (error: Error | null, answer: QuizState | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('quiz:answer', { id, answer }, done))
      .then((judged) => { if (!isProblem(judged)) this.setQuiz(judged); return judged; });
  }

  /** What it shows comes to all tabs; here only what went wrong is told. */
  async askHint(task: string): Promise<void> {
    const answer = await this.asked(this.t('problem.noHint'), (socket, done: (error: Error | null, answer: TaskProgress | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('task:hint', { task }, done));
    if (isProblem(answer)) this.set({ problem: answer.problem });
  }

  /** Puts the lab back to where the task can be done. */
  async resetTask(task: string): Promise<void> {
    const answer = await this.asked(this.t('problem.noTaskReset'), (socket, done: (error: Error | null, answer: TaskProgress | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS * 4).emit('task:reset', { task }, done));
    if (isProblem(answer)) this.set({ problem: answer.problem });
  }

  openFile(path: string, line?: number): void { this.set({ file: { path, line } }); }
  closeFile(): void { this.set({ file: null }); }

  readFile(path: string): Promise<FileView | Problem> {
    return this.asked(this.t('editor.notConnected'), (socket, done: (error: Error | null, answer: FileView | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('file:read', { path }, done));
  }

  saveFile(file: FileView): Promise<{ saved: string } | { conflict: FileView } | Problem> {
    // On the wire line ends and quotes take two bytes, control characters six: a message that is too long would cost the connection.
    if (new TextEncoder().encode(file.text).length > MAX_FILE_BYTES || new TextEncoder().encode(JSON.stringify(file)).length > 2 * MAX_FILE_BYTES) return Promise.resolve({ problem: this.t('editor.tooLarge') });
    return this.asked(this.t('editor.notConnected'), (socket, done: (error: Error | null, answer: { saved: string } | { conflict: FileView } | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('file:save', file, done));
  }

  /** One request with its answer, or with why there is none. */
  private asked<A extends object>(notConnected: string, send: (socket: Socket<ServerEvents, ClientEvents>, done: (error: Error | null, answer: A | Problem) => void) => void): Promise<A | Problem> {
    const { socket } = this;
    if (!socket?.connected) return Promise.resolve({ problem: notConnected });
    return new Promise((resolve) => send(socket, (error, answer) => resolve(error ? { problem: notConnected } : answer)));
  }

  /** After "cannot connect", or when joining was refused: try again from the start. */
  retry(): void {
    this.failures = 0;
    this.set({ link: this.everConnected ? 'reconnecting' : 'connecting', problem: null });
    if (this.socket?.connected) this.join(); else { this.socket?.disconnect(); this.socket?.connect(); }
  }

  /** Opens a published port in a tab of its own. The tab is opened at once, by the click, or the browser would take it for an unasked one. */
  openPort(port: number): void {
    const socket = this.socket;
    const tab = window.open('', '_blank');
    if (!tab) { this.set({ problem: this.t('problem.noTab') }); return; }
    tab.opener = null; // what a learner's server sends must not reach back to this page
    const fail = (problem: string) => { tab.close(); this.set({ problem }); };
    if (!socket?.connected) { fail(this.t('problem.noPort')); return; }
    socket.timeout(ANSWER_TIMEOUT_MS).emit('preview:open', { port }, (error, answer) => {
      if (error || isProblem(answer)) fail(error ? this.t('problem.portLate') : (answer as Problem).problem);
      else tab.location.replace(answer.url);
    });
  }

  /** Shows a port in a pane, or loads it there again. */
  async showPort(port: number): Promise<void> {
    const lab = this.state.lab?.id ?? '';
    const turn = (this.state.pane?.turn ?? 0) + 1;
    this.set({ pane: { port, lab, url: null, turn } });
    const answer = await this.asked(this.t('problem.noPort'), (socket, done: (error: Error | null, answer: { url: string; sandboxed: boolean } | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('preview:open', { port, pane: true }, done));
    if (this.state.pane?.turn !== turn || this.state.pane.lab !== lab) return;
    if (isProblem(answer)) this.set({ pane: null, problem: answer.problem }); else this.set({ pane: { port, lab, turn, ...answer } });
  }

  closePane(): void { this.set({ pane: null }); }

  /** A link to a port for others; `url` is never shown again. */
  share(port: number, minutes: number): Promise<{ url: string; shares: ShareView[] } | Problem> {
    return this.asked(this.t('share.notConnected'), (socket, done: (error: Error | null, answer: { url: string; shares: ShareView[] } | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('preview:share', { port, minutes }, done));
  }

  shares(port: number): Promise<{ shares: ShareView[] } | Problem> {
    return this.asked(this.t('share.notConnected'), (socket, done: (error: Error | null, answer: { shares: ShareView[] } | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('preview:shares', { port }, done));
  }

  /** Everybody who has a port of the lab open is shut out, this browser's tabs included. */
  async closePreviews(): Promise<{ shares: ShareView[] } | Problem> {
    const answer = await this.asked(this.t('share.notConnected'), (socket, done: (error: Error | null, answer: { shares: ShareView[] } | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('preview:close-all', {}, done));
    if (!isProblem(answer)) this.closePane();
    return answer;
  }

  unshare(port: number, id: string): Promise<{ shares: ShareView[] } | Problem> {
    return this.asked(this.t('share.notConnected'), (socket, done: (error: Error | null, answer: { shares: ShareView[] } | Problem) => void) => socket.timeout(ANSWER_TIMEOUT_MS).emit('preview:unshare', { port, id }, done));
  }

  /** Opens a lab that sleeps. */
  wake(): void {
    const socket = this.socket;
    if (!socket?.connected) { this.set({ problem: this.t('problem.noWake') }); return; }
    socket.timeout(ANSWER_TIMEOUT_MS).emit('lab:wake', {}, (error, answer) => {
      if (error || isProblem(answer)) this.set({ problem: error ? this.t('problem.wakeLate') : (answer as Problem).problem });
      else this.apply(answer);
    });
  }

  /** Somebody is there after all. */
  extend(): void {
    this.socket?.emit('tab:used');
    this.set({ sleepsAt: null });
  }

  dismissNote(): void { this.set({ note: null }); }
  dismissProblem(): void { this.set({ problem: null }); }

  private connect(): void {
    const socket: Socket<ServerEvents, ClientEvents> = io({ path: SOCKET_PATH, transports: ['websocket', 'polling'], tryAllTransports: true, reconnectionDelay: 400, reconnectionDelayMax: 5000, timeout: 8000 });
    this.socket = socket;
    this.endPresence = watchPresence({ seen: (seen) => { if (socket.connected) socket.emit('tab:visible', seen); }, used: () => { if (socket.connected) socket.emit('tab:used'); } });
    socket.on('connect', () => { this.failures = 0; this.join(); });
    socket.on('disconnect', () => { this.loseConnection(); this.set({ link: 'reconnecting' }); });
    socket.on('connect_error', (error) => {
      this.failures += 1;
      if (!socket.active) { this.set({ link: 'failed', problem: error.message }); return; }
      if (this.failures >= FAILED_AFTER) this.set({ link: 'failed' });
    });
    socket.on('lab:state', (lab) => { this.set({ lab }); this.settleLab(lab); });
    socket.on('lab:idle', ({ sleepsInMs }) => this.set({ sleepsAt: sleepsInMs === null ? null : performance.now() + sleepsInMs }));
    socket.on('lab:ports', (ports) => this.set({ ports }));
    socket.on('terminal:opened', (terminal) => this.addTerminal(terminal));
    socket.on('terminal:closed', (id, reason) => { this.feeds.get(id)?.close(reason); this.removeTerminal(id); });
    socket.on('terminal:output', (id, data) => this.feeds.get(id)?.output(data));
    socket.on('terminal:screen', (id, screen) => this.feeds.get(id)?.replace(screen));
    socket.on('task:progress', ({ id, progress }) => this.setTask(id, progress));
    socket.on('lesson:changed', () => this.set({ edition: this.state.edition + 1, removed: false }));
    socket.on('lesson:removed', () => this.set({ removed: true }));
    socket.on('quiz:progress', (quiz) => this.setQuiz(quiz));
    socket.on('explain', (note) => { this.noteShownAt = Date.now(); this.set({ note }); });
  }

  private disconnect(): void {
    this.endPresence();
    for (const feed of this.feeds.values()) feed.release();
    this.socket?.removeAllListeners();
    this.socket?.disconnect();
    this.socket = null;
  }

  private join(): void {
    const socket = this.socket;
    socket?.timeout(ANSWER_TIMEOUT_MS).emit('workspace:join', { slug: this.slug, visible: isSeen(), wake: !this.everConnected }, (error, answer) => {
      if (error) { if (socket.connected) this.set({ link: 'failed', problem: this.t('problem.noLab') }); return; }
      if (isProblem(answer)) { this.set({ link: 'failed', problem: answer.problem }); return; }
      this.everConnected = true;
      const transport = socket.io.engine?.transport?.name;
      this.set({ link: 'connected', slow: transport === 'polling', problem: null });
      this.wantsTerminal = true;
      this.confirmed.clear();
      this.apply(answer);
      for (const [id, feed] of this.feeds) if (this.confirmed.has(id)) feed.attach();
      socket.emit('preview:ports', {}, (known) => { if (!isProblem(known)) this.set({ ports: known.ports }); });
    });
  }

  private apply(view: WorkspaceView): void {
    const tasks: Record<string, TaskState> = { ...this.state.tasks };
    for (const { id, progress } of view.tasks) tasks[id] = progress;
    for (const { id } of view.terminals) this.confirmed.add(id);
    // After a restart of the server the lab is found again first and its terminals a moment later: their screens need not flicker.
    const waiting = view.lab.state === 'starting' ? this.state.terminals.filter((t) => !this.confirmed.has(t.id)) : [];
    const terminals = [...waiting, ...view.terminals];
    const active = terminals.some((t) => t.id === this.state.active) ? this.state.active : terminals[0]?.id ?? null;
    this.set({ lab: view.lab, terminals, tasks, active, quizzes: Object.fromEntries(view.quizzes.map((quiz) => [quiz.id, quiz])) });
    this.set({ sleepsAt: view.sleepsInMs === null ? null : performance.now() + view.sleepsInMs });
    this.settleLab(view.lab);
  }

  private settleLab(lab: LabView): void {
    if (lab.state === 'asleep') {
      for (const { id } of this.state.terminals) this.removeTerminal(id);
      this.wantsTerminal = true;
      return;
    }
    if (lab.state === 'gone') {
      this.settleWaitingRun({ sent: false, why: this.t('run.labGone') });
      this.wantsTerminal = true;
      return;
    }
    if (lab.state === 'ready') for (const { id } of this.state.terminals) if (!this.confirmed.has(id)) this.removeTerminal(id);
    if (lab.state === 'ready' && this.wantsTerminal && this.state.link === 'connected') {
      this.wantsTerminal = false;
      if (this.state.terminals.length === 0) this.openTerminal();
    }
  }

  private setTask(id: string, progress: TaskState): void {
    const newlyDone = progress.state === 'done' && this.state.tasks[id]?.state !== 'done';
    const lastDone = newlyDone ? { id, count: (this.state.lastDone?.count ?? 0) + 1 } : this.state.lastDone;
    const note = newlyDone && Date.now() - this.noteShownAt > NOTE_SETTLED_MS ? null : this.state.note;
    this.set({ tasks: { ...this.state.tasks, [id]: progress }, lastDone, note });
  }

  private setQuiz(quiz: QuizState): void { this.set({ quizzes: { ...this.state.quizzes, [quiz.id]: quiz } }); }

  private addTerminal(terminal: TerminalView): void {
    const again = !this.confirmed.has(terminal.id);
    this.confirmed.add(terminal.id);
    if (this.state.terminals.some((t) => t.id === terminal.id)) {
      if (again) this.feeds.get(terminal.id)?.attach();
      return;
    }
    this.set({ terminals: [...this.state.terminals, terminal], active: this.state.active ?? terminal.id });
  }

  private removeTerminal(id: string): void {
    const terminals = this.state.terminals.filter((t) => t.id !== id);
    const index = this.state.terminals.findIndex((t) => t.id === id);
    const active = this.state.active === id ? terminals[Math.min(index, terminals.length - 1)]?.id ?? null : this.state.active;
    this.set({ terminals, active });
  }

  private loseConnection(): void {
    for (const feed of this.feeds.values()) feed.suspend();
    this.settleWaitingRun({ sent: false, why: this.t('run.lost') });
    this.set({ busy: null });
  }

  private flushWaitingRun(): void {
    const { active } = this.state;
    const feed = active ? this.feeds.get(active) : undefined;
    const waiting = this.waitingRun;
    if (!waiting || !feed?.live) return;
    if (waiting.terminal !== undefined && this.state.terminals.find((t) => t.id === active)?.title !== waiting.terminal) return;
    this.waitingRun = null;
    void feed.run(waiting.text, waiting.enter).then(waiting.settle);
  }

  private settleWaitingRun(answer: RunAnswer): void {
    const waiting = this.waitingRun;
    this.waitingRun = null;
    waiting?.settle(answer);
  }

  private set(change: Partial<WorkspaceState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}

function isProblem(answer: object): answer is Problem { return 'problem' in answer; }
