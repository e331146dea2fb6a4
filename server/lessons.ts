// The lessons that there are, from Slipway's own folder and the operator's (SLIPWAY_LESSONS), read again whenever one is saved; and the facade (site.ts)
// through which Next's server components see them and the learner's progress.
import { formatProblem } from '../lessons/problem.ts';
import { inOrder, lessonLoader } from '../lessons/load.ts';
import { isChoice, type Quiz } from '../lessons/quiz.ts';
import { lessonIn, type Lesson } from '../lessons/schema.ts';
import { watchLessons } from '../lessons/watch.ts';
import type { Colours } from './colours/colours.ts';
import type { Store } from './data/store.ts';
import { readLearner } from './http/cookie.ts';
import type { LessonSummary, QuizView } from './protocol.ts';
import type { Site } from './site.ts';
import type { Language } from '../texts/language.ts';

export interface Lessons {
  readonly all: readonly Lesson[];
  bySlug(slug: string): Lesson | undefined;
  /** Called with each lesson that has changed or has come, after it has. */
  onChange(listener: (lesson: Lesson, before: Lesson) => void): void;
  /** Called with the slug of each lesson that is there no more. */
  onRemove(listener: (slug: string) => void): void;
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
  const load = lessonLoader();
  const changed: ((lesson: Lesson, before: Lesson) => void)[] = [];
  const removed: ((slug: string) => void)[] = [];
  const read = async () => {
    const { lessons, problems } = await load(...folders);
    for (const problem of problems) onProblem(formatProblem(problem).replace(/\n\s+/, ' '));
    const now = new Map(lessons.map(lesson => [lesson.slug, lesson]));
    for (const [slug, lesson] of slugs) if (!now.has(slug) && problems.some(problem => problem.file.startsWith(lesson.folder))) now.set(slug, lesson);
    const before = slugs;
    slugs = now;
    all = inOrder(now.values());
    for (const [slug, lesson] of now) if (!before.has(slug)) for (const listener of changed) listener(lesson, lesson); // one that was taken away may be open still
    for (const [slug, was] of before) {
      const lesson = now.get(slug);
      if (!lesson) for (const listener of removed) listener(slug);
      else if (was !== lesson && JSON.stringify(was) !== JSON.stringify(lesson)) for (const listener of changed) listener(lesson, was);
    }
  };
  await read();
  const watching = await watchLessons(folders, () => {
    reading = reading.then(read).catch(error => onProblem(String(error)));
  }, error => onProblem(`lessons are not watched for changes: ${String(error)}`));
  return {
    get all() { return all; },
    bySlug: slug => slugs.get(slug),
    onChange: listener => void changed.push(listener),
    onRemove: listener => void removed.push(listener),
    release: () => watching.release(),
  };
}

export function createSite(lessons: Lessons, store: Store, secret: Buffer, colours: Colours): Omit<Site, 'egressPage' | 'yourLabs' | 'soonRemoved' | 'portPage'> {
  return {
    coloured: colours.of,
    listLessons: async language => lessons.all.map(lesson => summary(lesson, lessons, language)),
    async lessonPage(slug, language) {
      const known = lessons.bySlug(slug);
      const lesson = known && lessonIn(known, language);
      return lesson && { ...summary(known, lessons, language), body: lesson.body, taskList: lesson.tasks.map(({ id, title, needs }) => ({ id, title, needs })), quizzes: lesson.quizzes.map(quizView) };
    },
    async progress(cookieHeader) {
      const learner = readLearner(cookieHeader, secret);
      return { lessons: learner ? await store.progress(learner) : {} };
    },
  };
}

function summary(lesson: Lesson, lessons: Lessons, reader: Language): LessonSummary {
  const { slug, title, summary: text, minutes, level, tasks, prerequisites, language } = lessonIn(lesson, reader);
  return { slug, language, title, summary: text, minutes, level, tasks: tasks.length, headings: headingsIn(lesson, lessons.all, reader), prerequisites: prerequisites.flatMap(first => lessons.bySlug(first) ?? []).map(first => ({ slug: first.slug, title: lessonIn(first, reader).title })) };
}

/** Lessons of one part stand together, also where some of them are not translated: the part is called as those that are translated call it. */
function headingsIn(lesson: Lesson, all: readonly Lesson[], reader: Language): Lesson['headings'] {
  return lesson.translations?.[reader]?.headings ?? lesson.headings.map((heading, depth) => {
    const translated = all.find(other => other.translations?.[reader] && other.headings.slice(0, depth + 1).map(one => one.title).join() === lesson.headings.slice(0, depth + 1).map(one => one.title).join());
    return translated?.translations?.[reader]?.headings[depth] ?? heading;
  });
}

/** What a page may know of a question before it is answered. */
function quizView(quiz: Quiz): QuizView {
  const { id, question, points } = quiz;
  return isChoice(quiz) ? { id, question, points, kind: quiz.many ? 'many' : 'one', options: quiz.options.map(option => option.answer) } : { id, question, points, kind: 'typed', options: [] };
}
