// A learner in a real lab: types commands into it as the control protocol's `exec` runs them, while a grader follows the lab's journal.
// Made per attempt by lesson tests; nothing of the kernel or the engine is imitated.
import type { Command, Lesson } from '../../lessons/schema.ts';
import { ShimConnection, type TaskEnd } from '../../runtime/kernel/shim.ts';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { createGrader } from '../../server/grading/grader.ts';
import type { Grader, Note } from '../../server/grading/types.ts';
import type { TaskState } from '../../server/protocol.ts';
import { engineSocket } from '../../runtime/paths.ts';

/** A prompt has come when the terminal has been silent for so long after it said something. */
const PROMPT_MS = 300;
const PATIENCE_MS = 40_000;
const KEYS: Record<string, string> = { '^P^Q': '\x10\x11', '^D': '\x04', '^C': '\x03' };

export interface Ended { output: string; code: number; }

export interface Learner {
  does(commands: readonly Command[]): Promise<string>;
  /** One command, with its exit code. */
  runs(command: Command): Promise<Ended>;
  /** After everything that happened so far has been judged. */
  states(): Promise<Map<string, TaskState>>;
  /** Waits until the task is done (or said something) as wanted; resolves with its last state in any case. */
  reaches(task: string, wanted: (state: TaskState) => boolean): Promise<TaskState>;
  readonly notes: Note[];
  /** From the engine's event to onProgress, in ms, for each tick. */
  readonly delays: number[];
  leaves(): Promise<void>;
}

export async function newLearner(lesson: Lesson): Promise<Learner> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const lab = await engine.call('createLab', { name: `lesson-${lesson.slug}`.slice(0, 60), profile: lesson.profile });
  const at = { lab: lab.id, host: lab.hosts[0]!.id };
  const notes: Note[] = [];
  const delays: number[] = [];
  let fed = 0;
  let entryMs = 0;
  let changed = () => {};
  const grader: Grader = createGrader({
    lesson, stored: [],
    evidence: () => engine.call('evidence', at),
    output: container => engine.call('containerOutput', { ...at, container }),
    onProgress: ({ progress }) => { if (progress.state === 'done') delays.push(Date.now() - entryMs); changed(); },
    onExplain: note => notes.push(note),
    onError: error => { if (!gone) throw error; },
  });
  let gone = false;
  grader.start();
  const journal = new RpcClient(engineSocket, controlVerbs);
  const following = journal.call('journal', { ...at, since: 0 }, {
    onItem: entry => {
      fed = entry.seq;
      entryMs = (entry.kind === 'event' ? entry.event.timeNano : entry.call.timeNano) / 1e6;
      grader.feed(entry);
      changed();
    },
  }).catch((error: unknown) => { if (!gone) throw error; });

  const change = (ms: number) => new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms);
    changed = () => { clearTimeout(timer); resolve(); };
  });
  /** The journal has come to where the engine is now. */
  async function caughtUp() {
    const { seq } = await engine.call('evidence', at);
    const deadline = Date.now() + PATIENCE_MS;
    const behind = () => fed < seq;
    while (behind()) {
      if (Date.now() > deadline) throw new Error(`the journal stopped at ${fed} of ${seq}`);
      await change(20);
    }
    await grader.settled();
  }
  const runs = (command: Command) => (typeof command === 'string' ? shell(engine, at, command) : terminal(engine, at, command));
  const stateOf = (task: string) => grader.progress().find(t => t.id === task)!.progress;

  return {
    notes, delays,
    async does(commands) {
      let output = '';
      for (const command of commands) output += (await runs(command)).output;
      return output;
    },
    runs,
    async states() {
      await caughtUp();
      return new Map(grader.progress().map(({ id, progress }) => [id, progress]));
    },
    async reaches(task, wanted) {
      await caughtUp();
      const deadline = Date.now() + 4_000;
      while (!wanted(stateOf(task)) && Date.now() < deadline) await change(50);
      return stateOf(task);
    },
    async leaves() {
      gone = true;
      grader.stop();
      journal.close();
      await following;
      await engine.call('disposeLab', { lab: lab.id });
      engine.close();
    },
  };
}

type Engine = RpcClient<typeof controlVerbs>;
type At = { lab: string; host: string };

async function shell(engine: Engine, at: At, line: string): Promise<Ended> {
  const { socketPath } = await engine.call('exec', { ...at, argv: ['/bin/bash', '-lc', line], deadlineMs: PATIENCE_MS });
  const { shim, ended, read } = await connect(socketPath);
  shim.go();
  const end = await ended;
  if (end.kind !== 'exited') throw new Error(`${line}: ${end.kind}${end.kind === 'failed' ? `: ${end.message}` : ''}\n${read()}`);
  return { output: read(), code: end.code };
}

/** Types each line once the program waits for it; then lets the command end, or leaves it when it does not (a detached session ends). */
async function terminal(engine: Engine, at: At, command: Exclude<Command, string>): Promise<Ended> {
  const { socketPath } = await engine.call('exec', { ...at, argv: ['/bin/bash', '-lc', command.terminal], tty: { cols: 100, rows: 30 }, stdin: true, deadlineMs: PATIENCE_MS, env: ['TERM=xterm'] });
  const { shim, ended, read, silence } = await connect(socketPath);
  shim.go();
  for (const line of command.type) {
    await silence();
    shim.stdin(Buffer.from(KEYS[line] ?? `${line}\r`));
  }
  const end = await ended;
  if (end.kind !== 'exited') throw new Error(`${command.terminal}: ${end.kind}${end.kind === 'failed' ? `: ${end.message}` : ''}\n${read()}`);
  return { output: read(), code: end.code };
}

async function connect(socketPath: string) {
  const shim = await ShimConnection.open(socketPath);
  let text = '';
  let heard = () => {};
  shim.on('output', (_stream, data) => { text += data.toString('utf8'); heard(); });
  const ended = new Promise<TaskEnd>(resolve => shim.on('end', end => { heard(); resolve(end); }));
  shim.subscribe({ ring: true });
  const silence = () => new Promise<void>(resolve => {
    let timer: NodeJS.Timeout | undefined;
    const begun = text.length;
    heard = () => { clearTimeout(timer); if (text.length > begun || text.length > 0) timer = setTimeout(resolve, PROMPT_MS); };
    if (text.length > 0) heard();
    void ended.then(() => { clearTimeout(timer); resolve(); });
  });
  return { shim, ended, silence, read: () => text };
}
