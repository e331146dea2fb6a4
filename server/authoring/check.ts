// `slipway lesson check`: everything that can be known of a lesson before a learner meets it. First what can be read (format, links, texts), then what
// has to be tried in labs (trial.ts), two at a time. Each fault is told as file:line, so that an editor can jump there.
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { loadLesson, loadLessons } from '../../lessons/load.ts';
import { formatProblem } from '../../lessons/problem.ts';
import { readingOf } from '../../lessons/reading.ts';
import type { Lesson } from '../../lessons/schema.ts';
import { appDir } from '../../runtime/paths.ts';
import { LANGUAGES, type Language } from '../../texts/language.ts';
import { createAtOnce } from './at-once.ts';
import { placeOf } from './place.ts';
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
    options.print(`${folder}: there is no lesson here. A lesson is a folder such as 10-first-steps with lesson.md and tasks.yaml; slipway lesson new makes one.`);
    return 1;
  }
  for (const lesson of found.lessons) faults += await checkOne(found.root, lesson, options);
  options.print(faults === 0 ? 'All is well.' : `${faults} ${faults === 1 ? 'fault' : 'faults'}.`);
  return faults === 0 ? 0 : 1;
}

async function lessonsAt(folder: string) {
  const has = (name: string) => stat(join(folder, name)).then(() => true, () => false);
  const isPart = await has('part.md');
  const isLesson = await has('lesson.md') || (!isPart && /^\d+-/.test(basename(folder)));
  if (!isLesson && !isPart) return { root: folder, ...await loadLessons(folder) };
  const { root, name } = await placeOf(folder);
  // With its neighbours and Slipway's own, so that links and prerequisites can be followed; only its own faults are told.
  const all = await loadLessons(...new Set([join(appDir, 'lessons'), root]));
  const own = all.problems.filter(problem => problem.file === name || problem.file.startsWith(`${name}/`));
  return { root, lessons: all.lessons.filter(lesson => lesson.root === root && `${lesson.folder}/`.startsWith(`${name}/`)), problems: own };
}

async function checkOne(root: string, lesson: Lesson, { labs, only, print }: CheckOptions): Promise<number> {
  const reading = readingOf(lesson.body);
  print(`${lesson.folder}: “${lesson.title}”, ${contentsOf(lesson)}, about ${lesson.minutes} minutes (${reading.minutes} of them reading ${reading.words} words); reading ease ${reading.ease}, ${reading.level}; in ${['English', ...Object.keys(lesson.translations ?? {}).map(language => LANGUAGES[language as Language].name)].join(', ')}`);
  const faultsInTime = reading.minutes > lesson.minutes ? 1 : 0;
  if (faultsInTime) print(`${join(root, lesson.folder, 'lesson.md')}:1: reading alone takes longer than the ${lesson.minutes} minutes it promises\n    Say how long a beginner needs, or shorten the text.`);
  if (!labs) return faultsInTime;

  const { lineOf } = await loadLesson(root, lesson.folder);
  let faults = faultsInTime;
  await Promise.all(casesOf(lesson, createAtOnce(AT_ONCE), only).map(async ({ says, path, run }) => {
    try {
      await run();
      print(`  ok  ${says}`);
    } catch (error) {
      faults++;
      const [file, line] = path[0] === 'setup' || path[0] === 'text' ? ['lesson.md', 1] : ['tasks.yaml', lineOf?.(path) ?? 1];
      print(`${join(root, lesson.folder, file)}:${line}: ${says}: it does not\n    ${(error as Error).message.trim().replaceAll('\n', '\n    ')}`);
    }
  }));
  return faults;
}

function contentsOf({ tasks, quizzes, files }: Lesson): string {
  const count = (of: number, one: string, many: string) => (of === 0 ? [] : [`${of} ${of === 1 ? one : many}`]);
  return [...count(tasks.length, 'task', 'tasks'), ...count(quizzes.length, 'question', 'questions'), ...count(files.list.length, 'file', 'files')].join(', ');
}
