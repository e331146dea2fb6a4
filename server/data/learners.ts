// Learners as the operator sees them, and their roles. Used by operator/main.ts; the web process itself asks store.ts.
import type { Role } from '../lab/policy.ts';
import { type Db, whenBusyAgain } from './client.ts';

export interface LearnerEntry { id: string; role: string; labs: number; done: number; lastSeenAt: string; }

export interface Learners {
  /** The last seen first. */
  all(): Promise<LearnerEntry[]>;
  /** Ids that begin so; only when there is exactly one, it has the role now. */
  setRole(beginning: string, role: Role): Promise<string[]>;
}

export function createLearners(db: Db): Learners {
  return {
    all: () => whenBusyAgain(async () => {
      const rows = await db.learner.findMany({ orderBy: { lastSeenAt: 'desc' }, include: { workspaces: { include: { attempts: { orderBy: { number: 'desc' }, take: 1, include: { tasks: { where: { state: 'done' } } } } } } } });
      return rows.map(row => ({
        id: row.id, role: row.role, lastSeenAt: row.lastSeenAt.toISOString(),
        labs: row.workspaces.filter(workspace => workspace.labId !== null).length,
        done: row.workspaces.reduce((all, { attempts: [newest] }) => all + (newest?.tasks.length ?? 0), 0),
      }));
    }),
    setRole: (beginning, role) => whenBusyAgain(async () => {
      const found = (await db.learner.findMany({ where: { id: { startsWith: beginning } }, take: 2, select: { id: true } })).map(({ id }) => id);
      if (found.length === 1) await db.learner.update({ where: { id: found[0]! }, data: { role } });
      return found;
    }),
  };
}
