// What zod cannot say of a lesson: that its parts fit together. Called by load.ts; reads the data only.
import type { Condition } from './condition.ts';
import type { LessonProblem } from './problem.ts';
import type { Quiz } from './quiz.ts';
import type { Task } from './schema.ts';

export const templateNames = ['container.name', 'container.id', 'container.image', 'container.state', 'container.exitCode', 'container.command', 'call.message', 'call.status', 'call.path', 'event.action', 'event.exitCode', 'count', 'value'];

type Where = { file: string; lineOf: (path: PropertyKey[]) => number; /** The lesson has a set-up, so that what is not there at first may be there then. */ prepared?: boolean };

export function checkTasks(tasks: readonly Task[], shown: readonly string[], where: Where): LessonProblem[] {
  const problems: LessonProblem[] = [];
  const add = (path: PropertyKey[], message: string, fix: string) => problems.push({ file: where.file, line: where.lineOf(['tasks', ...path]), message, fix });
  const position = new Map(tasks.map((task, index) => [task.id, index]));

  tasks.forEach((task, index) => {
    if (position.get(task.id) !== index) add([index, 'id'], `two tasks are called ${task.id}`, 'Give one of them another id.');
    if (!shown.includes(task.id)) add([index], `task ${task.id} is not in the text`, `Put :::task{#${task.id}} … ::: into lesson.md where it belongs.`);
    task.needs.forEach((need, n) => {
      if ((position.get(need) ?? Infinity) >= index) add([index, 'needs', n], `task ${task.id} needs ${need}, which is no earlier task`, 'Name an earlier task, or change their order.');
    });
    if (!where.prepared && trueOfNothing(task.check)) add([index, 'check'], `an untouched lab passes task ${task.id}`, 'Also ask for something that the learner has to do: an event, a call or a container (put them below all).');
    if (!where.prepared && trueOfNothing(task.attempt)) add([index, 'attempt'], `task ${task.id} counts as tried before anything has happened`, 'Name an event, a call or a container that shows an attempt.');
    else if (!earns(task.check, where.prepared)) add([index, 'check'], `task ${task.id} would be ticked for what the lab says of itself: http, registry and script ask programs that the learner may have replaced`, 'Put it below all, beside a condition that the engine or the kernel answers: container, event, file, kernel and others.');
    if (task.fail && trueOfNothing(task.fail.when)) add([index, 'fail', 'when'], `task ${task.id} has failed before anything has happened`, 'Name what makes it impossible, such as the event that took the evidence away.');
    if (task.fail && task.reset.length === 0) add([index, 'fail'], `task ${task.id} can fail, but nothing resets it`, 'Add reset: with the commands that make it possible again.');
    const cost = task.hints.reduce((sum, hint) => sum + (hint.cost ?? 0), 0);
    if (cost > 0 && cost >= (task.points ?? 0)) add([index, 'hints'], task.points === undefined ? `task ${task.id} has no points that a hint could cost` : `the hints of task ${task.id} cost all of its points`, 'Give the task more points than all its hints cost.');
    task.hints.forEach((hint, h) => {
      if (hint.text.includes('{')) add([index, 'hints', h, 'text'], 'a hint quotes nothing', 'Write it without {…}.');
      if (task.hints.findIndex(other => other.text === hint.text) !== h) add([index, 'hints', h, 'text'], 'two hints say the same', 'Take one away.');
    });
    checkTemplate([index, 'fail', 'found'], task.fail?.found);
    task.wrongTurns.forEach((turn, t) => {
      if (!where.prepared && trueOfNothing(turn.when)) add([index, 'wrongTurns', t, 'when'], `wrong turn ${turn.id} fits an untouched lab`, 'Name what the learner did.');
      if (turn.points !== undefined && turn.points >= (task.points ?? 0)) add([index, 'wrongTurns', t, 'points'], task.points === undefined ? `task ${task.id} has no points to give a part of` : `wrong turn ${turn.id} is worth as much as the task`, 'Give the task more points than each of its wrong turns.');
      if (task.wrongTurns.findIndex(other => other.id === turn.id) !== t) add([index, 'wrongTurns', t, 'id'], `two wrong turns are called ${turn.id}`, 'Give one of them another id.');
      for (const field of ['expected', 'found', 'next'] as const) checkTemplate([index, 'wrongTurns', t, field], turn[field]);
    });
    task.wrong.forEach((wrong, w) => {
      if (!task.wrongTurns.some(turn => turn.id === wrong.message)) add([index, 'wrong', w, 'message'], `there is no wrong turn ${wrong.message} in task ${task.id}`, `Use one of ${task.wrongTurns.map(turn => turn.id).join(', ')}.`);
    });
    if (new Set(task.wrong.map(wrong => wrong.message)).size < 2) add([index, 'wrong'], `all wrong turns tried in task ${task.id} lead to the same message`, 'Try at least two different ones.');
    for (const field of ['expected', 'next', 'done'] as const) checkTemplate([index, field], task[field]);
  });
  return problems;

  function checkTemplate(path: PropertyKey[], template: string | undefined) {
    for (const [, name] of template?.matchAll(/\{([^{}]*)\}/g) ?? []) {
      if (!templateNames.includes(name!)) add(path, `nothing is called {${name}}`, `Use ${templateNames.map(known => `{${known}}`).join(', ')}.`);
    }
  }
}

export function checkQuizzes(quizzes: readonly Quiz[], shown: readonly string[], where: Where): LessonProblem[] {
  const problems: LessonProblem[] = [];
  quizzes.forEach(({ id }, index) => {
    const add = (message: string, fix: string) => problems.push({ file: where.file, line: where.lineOf(['quizzes', index]), message, fix });
    if (quizzes.findIndex(other => other.id === id) !== index) add(`two quizzes are called ${id}`, 'Give one of them another id.');
    if (!shown.includes(id)) add(`quiz ${id} is not in the text`, `Put ::quiz{#${id}} into lesson.md where it belongs.`);
  });
  return problems;
}

/** Whether a condition holds of a lab in which nothing has ever happened. */
export function trueOfNothing(condition: Condition): boolean {
  if ('all' in condition) return condition.all.every(trueOfNothing);
  if ('any' in condition) return condition.any.some(trueOfNothing);
  if ('not' in condition) return !trueOfNothing(condition.not);
  if ('within' in condition) return trueOfNothing(condition.within.of);
  return 'noContainer' in condition;
}

/** Whether a condition that holds is always worth something: what a lab says of itself, and what never was there, earn nothing by themselves. */
export function earns(condition: Condition, prepared = false): boolean {
  if ('all' in condition) return condition.all.some(part => earns(part, prepared));
  if ('any' in condition) return condition.any.every(part => earns(part, prepared));
  if ('within' in condition) return earns(condition.within.of, prepared);
  if ('noContainer' in condition) return prepared; // the set-up has made what is not there any more
  if ('not' in condition) return prepared && earns(condition.not, prepared);
  return !['http', 'registry', 'script'].some(kind => kind in condition);
}
