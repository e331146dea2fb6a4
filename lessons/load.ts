// Lessons from their folders: NN-slug/{lesson.md, tasks.yaml, files/}, which may lie in folders of parts and chapters (NN-name/part.md). Called by the server at start and by the tests. A faulty lesson is left
// out and its faults are returned; it never stops the others.
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { listFiles } from './files.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { LessonProblem } from './problem.ts';
import { type Rendered, renderLesson } from './render.ts';
import { checkQuizzes, checkTasks } from './rules.ts';
import { frontMatterSchema, type Heading, partSchema, tasksFileSchema, type Lesson } from './schema.ts';
import { languages, SOURCE, type Language } from '../texts/language.ts';
import { type LessonTexts, readTranslation, type Source } from './translation.ts';
import { parseYaml } from './yaml.ts';

export interface Loaded { lessons: Lesson[]; problems: LessonProblem[]; }

/**
 * All lessons of these folders, in the order of their numbers; of two with one name the later folder's counts. A folder that cannot be read is a fault
 * like any other.
 */
export const loadLessons = (...folders: string[]): Promise<Loaded> => loadAll(folders, new Map());

/** The same again and again: a lesson in which nothing has changed is not read anew. */
export function lessonLoader(): (...folders: string[]) => Promise<Loaded> {
  const cache: Cache = new Map();
  return (...folders) => loadAll(folders, cache);
}

type Cache = Map<string, { fingerprint: string; one: One }>;

async function loadAll(folders: readonly string[], cache: Cache): Promise<Loaded> {
  const problems: LessonProblem[] = [];
  const bySlug = new Map<string, Lesson>();
  const links: { slug: string; line: number; file: string }[] = [];
  for (const folder of folders) {
    const own = new Map<string, Lesson>();
    for (const { lesson, problems: found, lessonLinks } of await loadFolder(folder, problems, cache)) {
      problems.push(...found);
      if (!lesson) continue;
      links.push(...(lessonLinks ?? []).map(link => ({ ...link, file: join(lesson.folder, 'lesson.md') })));
      const other = own.get(lesson.slug);
      if (other) problems.push({ file: lesson.folder, line: 1, message: `${other.folder} has the same name after its number`, fix: 'Rename one of the two folders.' });
      else own.set(lesson.slug, lesson);
    }
    for (const [slug, lesson] of own) bySlug.set(slug, lesson);
  }
  for (const { slug, line, file } of links) {
    if (!bySlug.has(slug)) problems.push({ file, line, message: `there is no lesson “${slug}” to link to`, fix: `There are ${[...bySlug.keys()].join(', ')}.`, harmless: true });
  }
  for (const lesson of bySlug.values()) {
    for (const slug of lesson.prerequisites) {
      if (!bySlug.has(slug)) problems.push({ file: join(lesson.folder, 'lesson.md'), line: 1, message: `there is no lesson “${slug}” to do first`, fix: `Correct prerequisites; there are ${[...bySlug.keys()].join(', ')}.` });
    }
  }
  return { lessons: inOrder(bySlug.values()), problems };
}

/** By the numbers of their folders, from the outermost; lessons of one part, and of one chapter, stand together where the first of them stands. */
export function inOrder(lessons: Iterable<Lesson>): Lesson[] {
  const byNumber = [...lessons].sort((a, b) => {
    for (let depth = 0; depth < Math.max(a.order.length, b.order.length); depth++) {
      const difference = (a.order[depth] ?? 0) - (b.order[depth] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  });
  return together(together(byNumber, 1), 2);
}

/** Stable: what has the same headings down to this depth follows the first that has them. */
function together(lessons: Lesson[], depth: number): Lesson[] {
  const groups = Map.groupBy(lessons, lesson => JSON.stringify(lesson.headings.slice(0, depth).map(heading => heading.title)));
  return [...groups.values()].flat();
}

type One = Awaited<ReturnType<typeof loadLesson>>;
/** A part, and chapters in it. */
const MAX_DEPTH = 2;

async function loadFolder(root: string, problems: LessonProblem[], cache: Cache, inside = '', headings: Heading[] = []): Promise<One[]> {
  try {
    const entries = await readdir(join(root, inside), { withFileTypes: true });
    for (const entry of entries) if (entry.isSymbolicLink() && /^\d/.test(entry.name)) problems.push({ file: join(inside, entry.name), line: 1, message: 'this is a link, and a link may lead anywhere', fix: 'Put the folder itself here, or name its place in SLIPWAY_LESSONS.' });
    const names = entries.filter(entry => entry.isDirectory() && /^\d/.test(entry.name)).map(entry => join(inside, entry.name)).sort();
    const loaded = await Promise.all(names.map(async name => {
      if (headings.length >= MAX_DEPTH) return [await cached(cache, root, name, headings)];
      const part = await readPart(root, name);
      if (!part) return [await cached(cache, root, name, headings)];
      problems.push(...part.problems);
      return loadFolder(root, problems, cache, name, [...headings, part.heading]);
    }));
    return inOrderOfNames(loaded.flat());
  } catch (error) {
    problems.push({ file: join(root, inside), line: 1, message: `the folder of lessons cannot be read: ${(error as Error).message}`, fix: 'Check its path and that everybody may read it.' });
    return [];
  }
}

async function cached(cache: Cache, root: string, name: string, headings: Heading[]): Promise<One> {
  const key = join(root, name);
  const fingerprint = await fingerprintOf(root, name); // before it is read: what is saved meanwhile is read the next time
  const known = cache.get(key);
  if (known?.fingerprint === fingerprint) return known.one;
  const one = await loadLesson(root, name, headings);
  cache.set(key, { fingerprint, one });
  return one;
}

const inOrderOfNames = (loaded: One[]): One[] => {
  const order = inOrder(loaded.flatMap(({ lesson }) => lesson ?? []));
  return loaded.sort((a, b) => (a.lesson ? order.indexOf(a.lesson) : 0) - (b.lesson ? order.indexOf(b.lesson) : 0));
};

const FRONT = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/;

/** Undefined when the folder is no part: it has no part.md. With a fault in it the part is called as its folder. */
export async function readPart(root: string, folder: string): Promise<{ heading: Heading; problems: LessonProblem[] } | undefined> {
  const text = await read(root, folder, 'part.md');
  if (text === undefined) return undefined;
  const file = join(folder, 'part.md');
  const nameless: Heading = { title: basename(folder).replace(/^\d+-/, '').replaceAll('-', ' ') };
  const front = FRONT.exec(text);
  if (!front) return { heading: nameless, problems: [{ file, line: 1, message: 'there is no front matter', fix: 'Begin the file with --- lines that hold title, and a summary if you like.' }] };
  const { value, problems } = parseYaml(front[1]!, partSchema, file, 2);
  return { heading: value ?? nameless, problems };
}

/** The headings above a lesson's folder, outermost first. */
async function headingsOf(root: string, folder: string): Promise<Heading[]> {
  const above = folder.split('/').slice(0, -1);
  const parts = await Promise.all(above.map((_, index) => readPart(root, above.slice(0, index + 1).join('/'))));
  return parts.flatMap(part => (part ? [part.heading] : []));
}

/** One lesson; `lesson` is there only when it can be shown and graded. `folder` may lie in parts: 10-basics/20-volumes. */
export async function loadLesson(root: string, folder: string, above?: Heading[]): Promise<{ lesson: Lesson | undefined; problems: LessonProblem[]; /** The line of a place in tasks.yaml. */ lineOf?: (path: PropertyKey[]) => number; lessonLinks?: Rendered['lessonLinks'] }> {
  const levels = folder.split('/');
  const names = levels.map(level => /^(\d+)-([a-z0-9][a-z0-9-]*)$/.exec(level));
  const slug = names.at(-1)?.[2];
  if (slug === undefined || names.includes(null)) return { lesson: undefined, problems: [{ file: folder, line: 1, message: 'the folder\'s name is no lesson\'s', fix: 'Name it by a number and small letters: 20-first-image.' }] };
  if (levels.length > MAX_DEPTH + 1) return { lesson: undefined, problems: [{ file: folder, line: 1, message: 'this lies too deep', fix: 'A lesson may lie in a part, or in a chapter of a part.' }] };

  const text = await read(root, folder, 'lesson.md');
  const yaml = await read(root, folder, 'tasks.yaml');
  if (text === undefined || yaml === undefined) {
    const missing = [text === undefined ? 'lesson.md' : '', yaml === undefined ? 'tasks.yaml' : ''].filter(Boolean);
    return { lesson: undefined, problems: missing.map(file => ({ file: join(folder, file), line: 1, message: 'the file is missing', fix: 'Make it; docs/writing-lessons.md shows what goes in; a folder of lessons has a part.md instead.' })) };
  }

  const lessonFile = join(folder, 'lesson.md');
  const front = FRONT.exec(text);
  if (!front) return { lesson: undefined, problems: [{ file: lessonFile, line: 1, message: 'there is no front matter', fix: 'Begin the file with --- lines that hold title, summary, minutes and level.' }] };
  const meta = parseYaml(front[1]!, frontMatterSchema, lessonFile, 2);
  const tasks = parseYaml(yaml, tasksFileSchema, join(folder, 'tasks.yaml'));
  const firstLine = front[0].split('\n').length;
  const rendered = renderLesson(text.slice(front[0].length), tasks.value ?? { tasks: [], quizzes: [] }, lessonFile, firstLine);
  const { files, problems: fileProblems } = await listFiles(root, folder, meta.value?.files.modes ?? {});
  const headings = above ?? await headingsOf(root, folder);

  const problems = [...meta.problems, ...tasks.problems, ...fileProblems];
  if (meta.value && headings.length === 0 && meta.value.part === undefined) problems.push({ file: lessonFile, line: 2, message: 'part: the lesson belongs to no part', fix: 'Write part: and its name, or put the lesson into a folder with a part.md.' });
  if (meta.value?.part !== undefined && headings.length > 0) problems.push({ file: lessonFile, line: 2, message: `part: the folder says that this is part of “${headings[0]!.title}”`, fix: 'Remove part from the lesson.' });
  const where = { file: join(folder, 'tasks.yaml'), lineOf: tasks.lineOf };
  if (tasks.value) problems.push(...rendered.problems, ...checkTasks(tasks.value.tasks, rendered.taskIds, { ...where, prepared: (meta.value?.setup.length ?? 0) > 0 }), ...checkQuizzes(tasks.value.quizzes, rendered.quizIds, where));
  const { lineOf } = tasks;
  if (!meta.value || !tasks.value || problems.some(problem => !problem.harmless)) return { lesson: undefined, problems, lineOf };
  const { part, files: { to, owner }, ...fields } = meta.value;
  const lesson: Lesson = {
    ...fields, slug, order: names.map(name => Number(name![1])), headings: headings.length > 0 ? headings : [{ title: part! }], root, folder,
    body: rendered.body, tasks: tasks.value.tasks, quizzes: tasks.value.quizzes, files: { to, owner, list: files }, translations: {},
  };
  const translated = await loadTranslations(root, folder, { lesson, markdown: text, rendered });
  lesson.translations = translated.translations;
  problems.push(...translated.problems);
  return { lesson, problems, lineOf, lessonLinks: rendered.lessonLinks };
}

async function loadTranslations(root: string, folder: string, source: Source & { lesson: Lesson }): Promise<{ translations: NonNullable<Lesson['translations']>; problems: LessonProblem[] }> {
  const translations: NonNullable<Lesson['translations']> = {};
  const problems: LessonProblem[] = [];
  for (const language of languages.filter(language => language !== SOURCE)) {
    const [lessonName, tasksName] = [`lesson.${language}.md`, `tasks.${language}.yaml`];
    const [text, yaml] = [await read(root, folder, lessonName), await read(root, folder, tasksName)];
    if (text === undefined && yaml === undefined) continue;
    const front = FRONT.exec(text ?? '');
    const fault = text === undefined || yaml === undefined ? { file: text === undefined ? lessonName : tasksName, message: 'the file is missing', fix: `A translation is ${lessonName} and ${tasksName}.` }
      : !front ? { file: lessonName, message: 'there is no front matter', fix: 'Begin the file with --- lines that hold title and summary.' } : undefined;
    if (fault || !front) {
      problems.push({ ...fault!, file: join(folder, fault!.file), line: 1, harmless: true });
      continue;
    }
    const translation = readTranslation(language, source, {
      lesson: { file: join(folder, lessonName), front: front[1]!, body: text!.slice(front[0].length), firstLine: front[0].split('\n').length },
      tasks: { file: join(folder, tasksName), text: yaml! },
    });
    problems.push(...translation.problems);
    if (!translation.texts) continue;
    const { part, ...texts } = translation.texts;
    translations[language] = { ...texts, headings: await headingsIn(root, folder, source.lesson, part, language) };
  }
  return { translations, problems };
}

/** The headings above a lesson in another language; those of parts that are not translated stay as they are. */
async function headingsIn(root: string, folder: string, lesson: Lesson, part: string | undefined, language: Language): Promise<LessonTexts['headings']> {
  const above = folder.split('/').slice(0, -1);
  if (above.length === 0) return part === undefined ? lesson.headings : [{ title: part }];
  return Promise.all(lesson.headings.map(async (heading, index) => {
    const front = FRONT.exec(await read(root, above.slice(0, index + 1).join('/'), `part.${language}.md`) ?? '');
    return (front && parseYaml(front[1]!, partSchema, 'part.md', 2).value) ?? heading;
  }));
}

async function read(root: string, folder: string, name: string): Promise<string | undefined> {
  return readFile(join(root, folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
