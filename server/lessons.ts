// The lessons that there are, from Slipway's own folder and the operator's (SLIPWAY_LESSONS), read again whenever one is saved; and the facade (site.ts)
// through which Next's server components see them and the learner's progress.
import { formatProblem } from '../lessons/problem.ts';
import { loadLessons } from '../lessons/load.ts';
import type { Lesson } from '../lessons/schema.ts';
import { watchLessons } from '../lessons/watch.ts';
import type { Store } from './data/store.ts';
import { readLearner } from './http/cookie.ts';
import type { LessonSummary } from './protocol.ts';
import type { Site } from './site.ts';

export interface Lessons {
  readonly all: readonly Lesson[];
  bySlug(slug: string): Lesson | undefined;
  /** Called with each lesson that has changed, after it has. */
  onChange(listener: (lesson: Lesson) => void): void;
  release(): void;
}

/**
 * Faulty lessons are left out and said so in the log; the others work. Of two with one name the later folder's counts. A lesson that was right and is
 * faulty after a change stays as it was until it is right again: a learner in the middle of it loses nothing.
 */
export async function openLessons(folders: readonly string[], onProblem: (text: string) => void): Promise<Lessons> {
  let slugs = new Map<string, Lesson>();
  let all: Lesson[] = [];
  let reading = Promise.resolve();
  const listeners: ((lesson: Lesson) => void)[] = [];
  const read = async () => {
    const { lessons, problems } = await loadLessons(...folders);
    for (const problem of problems) onProblem(formatProblem(problem).replace(/\n\s+/, ' '));
    const faulty = new Set(problems.map(problem => problem.file.split('/')[0]));
    const now = new Map(lessons.map(lesson => [lesson.slug, lesson]));
    for (const [slug, lesson] of slugs) if (!now.has(slug) && faulty.has(lesson.folder)) now.set(slug, lesson);
    const before = slugs;
    slugs = now;
    all = [...now.values()].sort((a, b) => a.order - b.order);
    for (const [slug, lesson] of now) if (before.has(slug) && JSON.stringify(before.get(slug)) !== JSON.stringify(lesson)) for (const listener of listeners) listener(lesson);
  };
  await read();
  const watching = await watchLessons(folders, () => {
    reading = reading.then(read).catch(error => onProblem(String(error)));
  }, error => onProblem(`lessons are not watched for changes: ${String(error)}`));
  return {
    get all() { return all; },
    bySlug: slug => slugs.get(slug),
    onChange: listener => void listeners.push(listener),
    release: () => watching.release(),
  };
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
