// `slipway lesson check`: everything that can be known of a lesson before a learner meets it. First what can be read (format, links, texts), then what
// has to be tried in labs (trial.ts), two at a time. Each fault is told as file:line, so that an editor can jump there.
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { loadLesson, loadLessons } from '../../lessons/load.ts';
import { formatProblem } from '../../lessons/problem.ts';
import { readingOf } from '../../lessons/reading.ts';
import type { Lesson } from '../../lessons/schema.ts';
import { appDir } from '../../runtime/paths.ts';
import { casesOf } from './trial.ts';

/** More at once would measure the machine rather than the lesson. */
const AT_ONCE = 2;

export interface CheckOptions { labs: boolean; only: string; print: (text: string) => void; }

/** The exit code: 0 when all is well, 1 when a lesson has faults. `folder` is a lesson's own, or holds lessons. */
export async function checkLessons(folder: string, options: CheckOptions): Promise<number> {
  const found = await lessonsAt(folder);
  let faults = 0;
  for (const problem of found.problems) {
    options.print(formatProblem({ ...problem, file: resolve(found.root, problem.file) }));
    faults++; // also what does not keep learners from it
  }
  if (found.lessons.length === 0 && faults === 0) {
    options.print(`${folder}: there is no lesson here. A lesson is a folder such as 10-first-steps with lesson.md and tasks.yaml.`);
    return 1;
  }
  for (const lesson of found.lessons) faults += await checkOne(found.root, lesson, options);
  options.print(faults === 0 ? 'All is well.' : `${faults} ${faults === 1 ? 'fault' : 'faults'}.`);
  return faults === 0 ? 0 : 1;
}

async function lessonsAt(folder: string) {
  const isLesson = await stat(join(folder, 'lesson.md')).then(() => true, () => /^\d+-/.test(basename(folder)));
  if (!isLesson) return { root: folder, ...await loadLessons(folder) };
  const root = dirname(folder);
  // With its neighbours and Slipway's own, so that links and prerequisites can be followed; only its own faults are told.
  const all = await loadLessons(join(appDir, 'lessons'), root);
  const own = all.problems.filter(problem => problem.file === basename(folder) || problem.file.startsWith(`${basename(folder)}/`));
  return { root, lessons: all.lessons.filter(lesson => lesson.root === root && lesson.folder === basename(folder)), problems: own };
}

async function checkOne(root: string, lesson: Lesson, { labs, only, print }: CheckOptions): Promise<number> {
  const reading = readingOf(lesson.body);
  print(`${lesson.folder}: “${lesson.title}”, ${lesson.tasks.length} tasks, about ${lesson.minutes} minutes (${reading.minutes} of them reading ${reading.words} words); reading ease ${reading.ease}, ${reading.level}`);
  if (reading.minutes > lesson.minutes) print(`    Reading alone takes longer than the ${lesson.minutes} minutes it promises.`);
  if (!labs) return 0;

  const { lineOf } = await loadLesson(root, lesson.folder);
  const cases = casesOf(lesson).filter(({ says }) => says.includes(only));
  const waiting = [...cases];
  let faults = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { says, path, run } = next;
      try {
        await run();
        print(`  ok  ${says}`);
      } catch (error) {
        faults++;
        print(`${join(root, lesson.folder, 'tasks.yaml')}:${lineOf?.(path) ?? 1}: ${says}: it does not\n    ${(error as Error).message.trim().replaceAll('\n', '\n    ')}`);
      }
    }
  }));
  return faults;
}
