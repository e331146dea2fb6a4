// A fault in a lesson, as its author needs to hear it: where it is, what is wrong, what to do. Made by load.ts, render.ts and rules.ts.

export interface LessonProblem {
  /** Relative to the folder of all lessons: 10-container-lifecycle/tasks.yaml. */
  file: string;
  line: number;
  message: string;
  fix: string;
  /** The lesson is whole without it: the author is told, learners are not kept from it. */
  harmless?: boolean;
}

export const formatProblem = (problem: LessonProblem) => `${problem.file}:${problem.line}: ${problem.message}\n    ${problem.fix}`;
