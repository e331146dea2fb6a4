// Things to try at tasks of a lesson, one learner trying them all on the way through: a lab for each would do every earlier task again each time, which is most
// of the work. What did not go well on the way is tried once more in a lab of its own, and only that counts, since what was tried before may be in the way.
import type { Lesson } from '../../lessons/schema.ts';
import type { AtOnce } from './at-once.ts';
import { newLearner, type Learner } from './learner.ts';
import { isDone, solveFrom } from './solve.ts';

export interface Try { says: string; path: PropertyKey[]; /** Of the task. */ index: number; work: (learner: Learner) => Promise<void>; }

/** In the order of tasks, at most one try for each. Each returned function says how that one went; all belong to one walk, which the first call begins. */
export function along(lesson: Lesson, tries: readonly Try[], atOnce: AtOnce): (() => Promise<void>)[] {
  const outcomes = new Map(tries.map(one => [one, Promise.withResolvers<boolean>()]));
  let walking = false;
  return tries.map(one => async () => {
    if (!walking) {
      walking = true;
      void atOnce(() => walk(lesson, tries, (ended, well) => outcomes.get(ended)!.resolve(well))).catch(() => {}).finally(() => { for (const { resolve } of outcomes.values()) resolve(false); });
    }
    if (await outcomes.get(one)!.promise) return;
    await atOnce(async () => {
      const learner = await newLearner(lesson);
      try {
        await solveFrom(lesson, learner, 0, one.index);
        await one.work(learner);
      } finally {
        await learner.leaves();
      }
    });
  });
}

/** Who hears how the last one went knows that no lab is left of the walk. */
async function walk(lesson: Lesson, tries: readonly Try[], onEnded: (one: Try, well: boolean) => void) {
  let learner: Learner | undefined;
  let at = 0;
  const leave = async () => {
    const leaving = learner;
    learner = undefined;
    await leaving?.leaves();
  };
  for (const [n, one] of tries.entries()) {
    try {
      if (!learner) [learner, at] = [await newLearner(lesson, { patienceMs: ON_THE_WAY_MS }), 0];
      await solveFrom(lesson, learner, at, one.index);
      await one.work(learner);
    } catch {
      await leave();
      onEnded(one, false);
      continue;
    }
    if (n === tries.length - 1) await leave();
    onEnded(one, true);
    at = one.index + 1;
    if (learner) await goOn(lesson, learner, one.index).catch(leave);
  }
}

/** Whether what was tried is in the way shows at once more often than not: a solution's command fails. */
async function goOn(lesson: Lesson, learner: Learner, index: number) {
  const task = lesson.tasks[index]!;
  if ((await learner.states()).get(task.id)!.state === 'done') return;
  for (const command of task.solution) {
    const { code } = await learner.runs(command);
    if (code !== 0 && (await learner.states()).get(task.id)!.state !== 'done') throw new Error('it is in the way');
  }
  if (!isDone(await learner.reaches(task.id, isDone))) throw new Error('it is in the way');
}

/** There is a second try for whatever takes longer. */
const ON_THE_WAY_MS = 5_000;
