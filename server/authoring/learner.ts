// A learner in a real lab: types commands into it as the control protocol's `exec` runs them, while a grader follows the lab's journal.
// Made per attempt by trial.ts and by the lesson tests; nothing of the kernel or the engine is imitated.
import type { Command, Lesson } from '../../lessons/schema.ts';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { createGrader } from '../grading/grader.ts';
import type { Grader, Note } from '../grading/types.ts';
import { Activity } from '../lab/activity.ts';
import { type Ended, type Exec, runAsLearner } from '../lab/commands.ts';
import { prepareLab } from '../lab/prepare.ts';
import { inLanguage, SOURCE, type InOne } from '../../texts/language.ts';
import type { TaskState } from '../protocol.ts';

const PATIENCE_MS = 40_000;
/** What has no event is read about once a second; a busy machine takes longer. */
const TICK_PATIENCE_MS = 15_000;

export interface Learner {
  does(commands: readonly Command[]): Promise<string>;
  /** One command, with its exit code. */
  runs(command: Command): Promise<Ended>;
  /** After everything that happened so far has been judged. */
  states(): Promise<Map<string, TaskState>>;
  /** Waits until the task is done (or said something) as wanted; resolves with its last state in any case. */
  reaches(task: string, wanted: (state: TaskState) => boolean): Promise<TaskState>;
  /** The task's next hint; false when it has none. */
  asksForHint(task: string): boolean;
  /** Runs what the task's reset does in the lab, and begins it again. */
  resets(task: string): Promise<void>;
  readonly notes: InOne<Note>[];
  /** From the engine's event to onProgress, in ms, for each tick. */
  readonly delays: number[];
  leaves(): Promise<void>;
}

export async function newLearner(lesson: Lesson, { patienceMs = TICK_PATIENCE_MS } = {}): Promise<Learner> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const hostname = lesson.hosts[0];
  const lab = await engine.call('createLab', { name: `lesson-${lesson.slug}`.slice(0, 60), profile: lesson.profile, user: lesson.user, ...(hostname === undefined ? {} : { hostname }) });
  const at = { lab: lab.id, host: lab.hosts[0]!.id };
  const exec: Exec = request => engine.call('exec', request);
  try {
    await prepareLab({ exec, at, lesson });
  } catch (error) {
    await engine.call('disposeLab', { lab: lab.id });
    engine.close();
    throw error;
  }
  const base = (await engine.call('evidence', at)).seq;
  const notes: InOne<Note>[] = [];
  const delays: number[] = [];
  let fed = base;
  let entryMs = 0;
  let changed = () => {};
  const grader: Grader = createGrader({
    lesson, stored: [],
    evidence: details => engine.call('evidence', { ...at, ...details }),
    read: readings => engine.call('read', { ...at, readings }),
    output: container => engine.call('containerOutput', { ...at, container }),
    onProgress: ({ progress }) => { if (progress.state === 'done') delays.push(Date.now() - entryMs); changed(); },
    onExplain: note => notes.push(inLanguage(note, SOURCE)),
    onError: error => { if (!gone) throw error; },
  });
  let gone = false;
  grader.start();
  const activity = new Activity(hosts => engine.call('activity', { hosts }), error => { if (!gone) throw error; });
  const unwatch = activity.watch(at, grader);
  const journal = new RpcClient(engineSocket, controlVerbs);
  const following = journal.call('journal', { ...at, since: base }, {
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
  const runs = (command: Command) => runAsLearner(exec, at, command);
  const states = () => new Map(inLanguage(grader.progress(), SOURCE).map(({ id, progress }) => [id, progress as TaskState]));
  const stateOf = (task: string) => states().get(task)!;

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
      return states();
    },
    async reaches(task, wanted) {
      await caughtUp();
      const deadline = Date.now() + patienceMs;
      while (!wanted(stateOf(task)) && Date.now() < deadline) await change(50);
      return stateOf(task);
    },
    asksForHint: task => grader.hint(task) !== undefined,
    async resets(task) {
      for (const command of lesson.tasks.find(one => one.id === task)!.reset) await runs(command);
      grader.reset(task, (await engine.call('evidence', at)).seq);
      await caughtUp();
    },
    async leaves() {
      gone = true;
      unwatch();
      grader.stop();
      journal.close();
      await following;
      await engine.call('disposeLab', { lab: lab.id });
      engine.close();
    },
  };
}
