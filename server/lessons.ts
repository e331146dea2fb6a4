// The lessons, read once at the start, and the facade (site.ts) through which Next's server components see them and the learner's progress.
import { loadLessons } from '../lessons/load.ts';
import type { Lesson } from '../lessons/schema.ts';
import type { Store } from './data/store.ts';
import { readLearner } from './http/cookie.ts';
import type { LessonSummary } from './protocol.ts';
import type { Site } from './site.ts';

export interface Lessons {
  all: Lesson[];
  bySlug(slug: string): Lesson | undefined;
}

/** Faulty lessons are left out and said so in the log; the others work. */
export async function readLessons(folder: string, onProblem: (text: string) => void): Promise<Lessons> {
  const { lessons, problems } = await loadLessons(folder);
  for (const { file, line, message, fix } of problems) onProblem(`lessons/${file}:${line}: ${message}. ${fix}`);
  const slugs = new Map(lessons.map(lesson => [lesson.slug, lesson]));
  return { all: lessons, bySlug: slug => slugs.get(slug) };
}

export function createSite(lessons: Lessons, store: Store, secret: Buffer): Site {
  return {
    listLessons: async () => lessons.all.map(summary),
    async lessonPage(slug) {
      const lesson = lessons.bySlug(slug);
      return lesson && { ...summary(lesson), body: lesson.body, taskList: lesson.tasks.map(({ id, title, needs }) => ({ id, title, needs })) };
    },
    async progress(cookieHeader) {
      const learner = readLearner(cookieHeader, secret);
      return { lessons: learner ? await store.progress(learner) : {} };
    },
  };
}

function summary({ slug, title, summary: text, minutes, level, tasks, part }: Lesson): LessonSummary {
  return { slug, title, summary: text, minutes, level, tasks: tasks.length, part };
}
