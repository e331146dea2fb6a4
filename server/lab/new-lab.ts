// A new lab for a workspace, prepared as its lesson wants it: files, set-up, and what "Start here" does for the learner. Called by workspace.ts.
import type { Lesson, Task } from '../../lessons/schema.ts';
import type { Lab } from '../../runtime/lab/control.ts';
import type { Text } from '../../texts/language.ts';
import type { Store, WorkspaceRecord } from '../data/store.ts';
import { skipped } from '../grading/types.ts';
import type { Engine } from './engine.ts';
import { prepareLab } from './prepare.ts';

export interface NewLabOptions {
  engine: Engine;
  store: Store;
  /** Whose lab it becomes once it is ready; before, a crash leaves it to the sweep. */
  record: WorkspaceRecord;
  lesson: Lesson;
  /** Done for the learner. */
  skip: readonly Task[];
  /** Made from a copy of an earlier one, which was prepared then. */
  from?: string | undefined;
  /** Never rejects. */
  openWay: (lab: string) => Promise<void>;
  onDoing: (doing: Text) => void;
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

/** Nothing is left of it when this throws: a PreparationError, when the lesson could not prepare it. `fresh`: the learner has done tasks in an earlier one. */
export async function makeNewLab({ engine, store, record, lesson, skip, from, openWay, onDoing, onError, signal }: NewLabOptions): Promise<{ lab: Lab; fresh: boolean }> {
  const hostname = lesson.hosts[0];
  const lab = from !== undefined ? await engine.forkCopy(from, labName(record.id)) : await engine.createLab({ name: labName(record.id), profile: lesson.profile, user: lesson.user, ...(hostname === undefined ? {} : { hostname }) });
  try {
    const at = { lab: lab.id, host: lab.hosts[0]!.id };
    await openWay(lab.id);
    if (from === undefined) await prepareLab({ exec: engine.exec, at, lesson, replay: skip, onDoing, signal });
    const prepared = from !== undefined || lesson.files.list.length + lesson.setup.length + skip.length > 0;
    record.baseSeq = prepared ? (await engine.evidence(at)).seq : 0;
    await store.setLab(record.id, lab.id, record.baseSeq);
    record.lab = lab.id;
    const done = new Set((await store.tasks(record.attempt)).filter(task => task.progress.state === 'done').map(task => task.id));
    for (const task of skip) if (!done.has(task.id)) await store.saveTask(record.attempt, skipped(task.id));
    return { lab, fresh: done.size > 0 && skip.length === 0 && from === undefined };
  } catch (error) {
    await engine.disposeLab(lab.id).catch(onError);
    throw error;
  }
}

const PREFIX = 'learner-';
export const labName = (workspace: string) => `${PREFIX}${workspace}`;
/** The workspace that a lab was made for; undefined for labs of others, such as the operator's. */
export const workspaceOfLab = (name: string) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : undefined);
