// Lessons for tests of conditions: a task for each check, with nothing else in it.
import { taskSchema, type Lesson } from '../../lessons/schema.ts';
import type { Learner } from '../../server/authoring/learner.ts';

/** `more` are other fields of a task. */
export function lessonOf(checks: Record<string, unknown>, { profile = 'strict', more = {} }: { profile?: 'strict' | 'full'; more?: Record<string, Record<string, unknown>> } = {}): Lesson {
  const tasks = Object.entries(checks).map(([id, check]) => taskSchema.parse({
    id, check, title: id, attempt: { event: { action: 'create' } }, expected: 'E', next: 'N', done: 'found {value}',
    wrongTurns: ['a', 'b'].map(turn => ({ id: turn, when: { container: { name: turn } }, found: turn, next: 'N' })),
    solution: ['true'], otherWays: [['true'], ['true']], wrong: ['a', 'b'].map(message => ({ commands: ['true'], message })), ...more[id],
  }));
  return { slug: 'checks', title: 'Checks', profile, tasks, quizzes: [], images: [], hosts: [], setup: [], files: { to: '/root', owner: '0:0', list: [] }, body: { type: 'root', children: [] } } as unknown as Lesson;
}

export const ticksOf = async (learner: Learner): Promise<string[]> => [...(await learner.states())].filter(([, state]) => state.state === 'done').map(([id]) => id);
