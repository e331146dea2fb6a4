// Watches one lab on behalf of its workspace: the engine's journal goes into the grader, what the grader says goes to the browsers at once
// and into the database right after. Lives as long as somebody has the workspace open; a journal that breaks off is taken up again
// where it ended. Knows nothing of sockets.
import type { HostRef } from '../../runtime/kernel/protocol.ts';
import { asSlipwayError } from '../../runtime/errors.ts';
import type { Grader, GraderOptions, Note, StoredTask } from '../grading/types.ts';
import type { Said, TaskProgress } from '../protocol.ts';
import type { Engine, Journal } from './engine.ts';

export interface ProgressOptions {
  engine: Engine;
  host: HostRef;
  /** What the journal has before this is the lesson's own preparation and no learner's work. */
  baseSeq: number;
  lesson: GraderOptions['lesson'];
  stored: readonly StoredTask[];
  createGrader: (options: GraderOptions) => Grader;
  save: (task: StoredTask) => Promise<void>;
  onProgress: (task: TaskProgress<Said>) => void;
  onExplain: (note: Note) => void;
  /** The engine does not know the lab any more. */
  onLabGone: () => void;
  /** The engine does not answer (true), or does again (false); terminals and what runs in the lab go on meanwhile. */
  onAway: (away: boolean) => void;
  onError: (error: unknown) => void;
}

export interface Progress {
  tasks(): TaskProgress<Said>[];
  /** grading/types.ts: shows the next hint, begins a task again. Undefined when there is nothing to show, or the task cannot be begun again. */
  hint(task: string): TaskProgress<Said> | undefined;
  resetTask(task: string, seq: number): TaskProgress<Said> | undefined;
  /** Stops watching; resolves when what is known has been saved. Idempotent. */
  release(): Promise<void>;
}

const RETRY_MS = 500;

export function watchProgress(options: ProgressOptions): Progress {
  const { engine, host, onError } = options;
  const stop = new AbortController();
  let saving: Promise<void> = Promise.resolve();
  const stopped = aborted(stop.signal);
  let position = options.baseSeq;

  const grader = options.createGrader({
    lesson: options.lesson,
    stored: options.stored,
    baseSeq: options.baseSeq,
    evidence: details => engine.evidence(host, details),
    read: readings => engine.read(host, readings),
    output: container => engine.containerOutput(host, container),
    onProgress: (task, record) => {
      options.onProgress(task);
      saving = saving.then(() => options.save(record)).catch(onError); // one after the other: the newest state must win
    },
    onExplain: options.onExplain,
    onError,
  });
  grader.start();
  const unwatch = engine.watch(host, grader);
  const watching = watch();

  return {
    tasks: () => grader.progress(),
    hint: task => grader.hint(task),
    resetTask: (task, seq) => grader.reset(task, seq),
    async release() {
      stop.abort();
      unwatch();
      grader.stop();
      await watching;
      await saving;
    },
  };

  async function watch() {
    let away = false;
    while (!stop.signal.aborted) {
      let journal: Journal | undefined;
      try {
        if (away) {
          await Promise.race([engine.hello(), stopped]);
          if (stop.signal.aborted) return;
          away = false;
          options.onAway(false);
        }
        journal = engine.journal(host, position, entry => {
          if (stop.signal.aborted || entry.seq <= position) return;
          position = entry.seq;
          grader.feed(entry);
        });
        await Promise.race([journal.ended, stopped]);
      } catch (error) {
        if (stop.signal.aborted) return;
        const { kind } = asSlipwayError(error);
        if (kind === 'NotFound') return options.onLabGone();
        if (kind !== 'Unavailable') onError(error);
        else if (!away) options.onAway(away = true);
      } finally {
        journal?.release();
      }
      await Promise.race([new Promise(resolve => setTimeout(resolve, RETRY_MS)), stopped]);
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(), { once: true }));
}
