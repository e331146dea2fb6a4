// Tasks done as their author does them, in a lab that a lesson is tried in. For trial.ts and along.ts.
import type { Lesson, Task } from '../../lessons/schema.ts';
import type { TaskState } from '../protocol.ts';
import type { Learner } from './learner.ts';

export const isDone = (state: TaskState) => state.state === 'done';

export function mustBeDone(task: Task, state: TaskState, output: string) {
  if (state.state !== 'done') throw new Error(`task ${task.id} is ${state.state}${state.state === 'tried' ? `: ${state.found}` : ''}\n${output}`);
}

export async function solve(learner: Learner, task: Task) {
  const output = await learner.does(task.solution);
  mustBeDone(task, await learner.reaches(task.id, isDone), output);
}

/** All tasks from one place in the lesson up to, but without, another. */
export async function solveFrom(lesson: Lesson, learner: Learner, from: number, to: number) {
  for (const task of lesson.tasks.slice(from, to)) await solve(learner, task);
}
