// What the web process remembers, in the words of the site: learners, their workspaces, and what became of tasks. The only way
// to the database; nothing on a keystroke's path comes here. Every method is one short transaction and safe to repeat.
import { randomUUID } from 'node:crypto';
import type { TaskState } from '../protocol.ts';
import type { StoredTask } from '../grading/types.ts';
import type { StoredQuiz } from '../quiz/judge.ts';
import { type Role, roleSchema } from '../lab/policy.ts';
import { type Db, whenBusyAgain } from './client.ts';

/** The slug of the playground's workspace; no lesson can be called so. */
export const PLAY = '/play';

export interface WorkspaceRecord {
  id: string;
  learner: string;
  /** Null for the playground. */
  slug: string | null;
  lab: string | null;
  /** The attempt that runs: the newest. */
  attempt: string;
  /** Where its journal was when the lesson had prepared it. */
  baseSeq: number;
  /** There was an earlier attempt, in a lab that is no more. */
  begunBefore: boolean;
}

/** A lab that a learner has. */
export interface LabEntry { workspace: string; lab: string; learner: string; role: Role; slug: string | null; lastSeenAt: Date; }

export interface Store {
  /** Finds or makes; `seen` is noted. */
  openWorkspace(learner: string, slug: string | null): Promise<WorkspaceRecord>;
  /** Labs of all learners, or of one, least recently seen first. */
  labs(learner?: string): Promise<LabEntry[]>;
  /** Of somebody who was never seen: guest. */
  roleOf(learner: string): Promise<Role>;
  /** It was open until now. */
  seen(workspace: string): Promise<void>;
  /** The workspace's attempt goes on in this lab, whose journal the learner's work begins after; a lab that was forgotten first begins a new attempt. */
  setLab(workspace: string, lab: string, baseSeq?: number): Promise<void>;
  ownsLab(workspace: string, lab: string): Promise<boolean>;
  /** The lab is gone: ends the attempt, begins the next with what `carry` keeps of its records, and answers its id. */
  beginAttempt(workspace: string, carry: (tasks: StoredTask[]) => StoredTask[]): Promise<string>;
  tasks(attempt: string): Promise<StoredTask[]>;
  saveTask(attempt: string, task: StoredTask): Promise<void>;
  quizzes(workspace: string): Promise<StoredQuiz[]>;
  saveQuiz(workspace: string, quiz: StoredQuiz): Promise<void>;
  progress(learner: string): Promise<Record<string, { done: string[]; lastSeenAt: string }>>;
  close(): Promise<void>;
}

export function createStore(db: Db): Store {
  return {
    openWorkspace: (learner, slug) => whenBusyAgain(async () => {
      const now = new Date();
      const place = slug ?? PLAY;
      await db.learner.upsert({ where: { id: learner }, create: { id: learner }, update: { lastSeenAt: now } });
      const row = await db.workspace.upsert({
        where: { learnerId_slug: { learnerId: learner, slug: place } },
        create: { id: randomUUID(), learnerId: learner, slug: place, attempts: { create: { id: randomUUID(), number: 1 } } },
        update: { lastSeenAt: now },
        include: { attempts: { orderBy: { number: 'desc' }, take: 1 } },
      });
      const attempt = row.attempts[0];
      if (!attempt) throw new Error(`workspace ${row.id} has no attempt`);
      return { id: row.id, learner, slug, lab: row.labId, attempt: attempt.id, baseSeq: attempt.baseSeq, begunBefore: attempt.number > 1 };
    }),

    labs: learner => whenBusyAgain(async () => {
      const rows = await db.workspace.findMany({ where: { labId: { not: null }, ...(learner === undefined ? {} : { learnerId: learner }) }, orderBy: { lastSeenAt: 'asc' }, include: { learner: { select: { role: true } } } });
      return rows.map(row => ({ workspace: row.id, lab: row.labId!, learner: row.learnerId, role: roleFrom(row.learner.role), slug: row.slug === PLAY ? null : row.slug, lastSeenAt: row.lastSeenAt }));
    }),

    roleOf: learner => whenBusyAgain(async () => roleFrom((await db.learner.findUnique({ where: { id: learner } }))?.role)),

    seen: workspace => whenBusyAgain(async () => void await db.workspace.update({ where: { id: workspace }, data: { lastSeenAt: new Date() } })),

    setLab: (workspace, lab, baseSeq = 0) => whenBusyAgain(async () => {
      const newest = await db.attempt.findFirstOrThrow({ where: { workspaceId: workspace }, orderBy: { number: 'desc' } });
      await db.$transaction([
        db.workspace.update({ where: { id: workspace }, data: { labId: lab } }),
        db.attempt.update({ where: { id: newest.id }, data: { labId: lab, baseSeq } }),
      ]);
    }),

    ownsLab: (workspace, lab) => whenBusyAgain(async () => (await db.workspace.count({ where: { id: workspace, labId: lab } })) > 0),

    beginAttempt: (workspace, carry) => whenBusyAgain(() => db.$transaction(async tx => {
      const last = await tx.attempt.findFirstOrThrow({ where: { workspaceId: workspace }, orderBy: { number: 'desc' }, include: { tasks: true } });
      const id = randomUUID();
      const at = new Date();
      const tasks = carry(last.tasks.map(stored)).map(task => ({ ...columns(task, at), taskId: task.id }));
      await tx.attempt.update({ where: { id: last.id }, data: { endedAt: at } });
      await tx.attempt.create({ data: { id, workspaceId: workspace, number: last.number + 1, tasks: { create: tasks } } });
      await tx.workspace.update({ where: { id: workspace }, data: { labId: null } });
      return id;
    })),

    tasks: attempt => whenBusyAgain(async () => (await db.taskRecord.findMany({ where: { attemptId: attempt } })).map(stored)),

    saveTask: (attempt, task) => whenBusyAgain(async () => {
      const values = columns(task, new Date());
      const tries = task.progress.state === 'tried' ? 1 : 0;
      await db.taskRecord.upsert({
        where: { attemptId_taskId: { attemptId: attempt, taskId: task.id } },
        create: { attemptId: attempt, taskId: task.id, ...values, tries },
        update: { ...values, tries: { increment: tries } },
      });
    }),

    quizzes: workspace => whenBusyAgain(async () => (await db.quizRecord.findMany({ where: { workspaceId: workspace } }))
      .map(({ quizId, answer, right, got, of, tries }) => ({ id: quizId, answer: answer as string[], right, got, of, tries }))),

    saveQuiz: (workspace, { id, ...values }) => whenBusyAgain(async () => {
      const data = { ...values, at: new Date() };
      await db.quizRecord.upsert({ where: { workspaceId_quizId: { workspaceId: workspace, quizId: id } }, create: { workspaceId: workspace, quizId: id, ...data }, update: data });
    }),

    progress: learner => whenBusyAgain(async () => {
      const rows = await db.workspace.findMany({
        where: { learnerId: learner, slug: { not: PLAY } },
        include: { attempts: { orderBy: { number: 'desc' }, take: 1, include: { tasks: { where: { state: 'done' } } } } },
      });
      return Object.fromEntries(rows.map(row => [row.slug, { done: (row.attempts[0]?.tasks ?? []).map(task => task.taskId), lastSeenAt: row.lastSeenAt.toISOString() }]));
    }),

    close: () => db.$disconnect(),
  };
}

/** Whatever a newer version knew. */
const roleFrom = (text: string | undefined): Role => roleSchema.catch('guest').parse(text);

function stored(row: { taskId: string; progress: unknown; openedSeq: number | null; seq: number }): StoredTask {
  return { id: row.taskId, progress: row.progress as TaskState, openedSeq: row.openedSeq, seq: row.seq };
}

function columns(task: StoredTask, now: Date) {
  const at = task.progress.state === 'done' ? new Date(task.progress.at) : now;
  return { state: task.progress.state, at, progress: { ...task.progress }, openedSeq: task.openedSeq, seq: task.seq };
}
