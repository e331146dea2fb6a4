// Lessons from their folders: NN-slug/{lesson.md, tasks.yaml}. Called by the server at start and by the tests. A faulty lesson is left
// out and its faults are returned; it never stops the others.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LessonProblem } from './problem.ts';
import { type Rendered, renderLesson } from './render.ts';
import { checkTasks } from './rules.ts';
import { frontMatterSchema, tasksFileSchema, type Lesson } from './schema.ts';
import { parseYaml } from './yaml.ts';

export interface Loaded { lessons: Lesson[]; problems: LessonProblem[]; }

/**
 * All lessons of these folders, in the order of their numbers; of two with one name the later folder's counts. A folder that cannot be read is a fault
 * like any other.
 */
export async function loadLessons(...folders: string[]): Promise<Loaded> {
  const problems: LessonProblem[] = [];
  const bySlug = new Map<string, Lesson>();
  const links: { slug: string; line: number; file: string }[] = [];
  for (const folder of folders) {
    const own = new Map<string, Lesson>();
    for (const { lesson, problems: found, lessonLinks } of await loadFolder(folder, problems)) {
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
  return { lessons: [...bySlug.values()].sort((a, b) => a.order - b.order), problems };
}

async function loadFolder(folder: string, problems: LessonProblem[]) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter(entry => entry.isDirectory() && /^\d/.test(entry.name)).map(entry => entry.name).sort();
    const loaded = await Promise.all(names.map(name => loadLesson(folder, name)));
    return loaded.sort((a, b) => (a.lesson?.order ?? 0) - (b.lesson?.order ?? 0));
  } catch (error) {
    problems.push({ file: folder, line: 1, message: `the folder of lessons cannot be read: ${(error as Error).message}`, fix: 'Check its path and that everybody may read it.' });
    return [];
  }
}

/** One lesson; `lesson` is there only when it can be shown and graded. */
export async function loadLesson(root: string, folder: string): Promise<{ lesson: Lesson | undefined; problems: LessonProblem[]; /** The line of a place in tasks.yaml. */ lineOf?: (path: PropertyKey[]) => number; lessonLinks?: Rendered['lessonLinks'] }> {
  const parts = /^(\d+)-([a-z0-9][a-z0-9-]*)$/.exec(folder);
  if (!parts) return { lesson: undefined, problems: [{ file: folder, line: 1, message: 'the folder\'s name is no lesson\'s', fix: 'Name it by a number and small letters: 20-first-image.' }] };

  const text = await read(root, folder, 'lesson.md');
  const yaml = await read(root, folder, 'tasks.yaml');
  if (text === undefined || yaml === undefined) {
    const missing = [text === undefined ? 'lesson.md' : '', yaml === undefined ? 'tasks.yaml' : ''].filter(Boolean);
    return { lesson: undefined, problems: missing.map(file => ({ file: join(folder, file), line: 1, message: 'the file is missing', fix: 'Make it; lessons/README.md shows what goes in.' })) };
  }

  const lessonFile = join(folder, 'lesson.md');
  const front = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text);
  if (!front) return { lesson: undefined, problems: [{ file: lessonFile, line: 1, message: 'there is no front matter', fix: 'Begin the file with --- lines that hold title, summary, minutes, level and part.' }] };
  const meta = parseYaml(front[1]!, frontMatterSchema, lessonFile, 2);
  const tasks = parseYaml(yaml, tasksFileSchema, join(folder, 'tasks.yaml'));
  const firstLine = front[0].split('\n').length;
  const rendered = renderLesson(text.slice(front[0].length), tasks.value?.tasks ?? [], lessonFile, firstLine);

  const problems = [...meta.problems, ...tasks.problems];
  if (tasks.value) problems.push(...rendered.problems, ...checkTasks(tasks.value.tasks, rendered.taskIds, { file: join(folder, 'tasks.yaml'), lineOf: tasks.lineOf }));
  const { lineOf } = tasks;
  if (!meta.value || !tasks.value || problems.some(problem => !problem.harmless)) return { lesson: undefined, problems, lineOf };
  const lesson: Lesson = { ...meta.value, slug: parts[2]!, order: Number(parts[1]), root, folder, body: rendered.body, tasks: tasks.value.tasks };
  return { lesson, problems, lineOf, lessonLinks: rendered.lessonLinks };
}

async function read(root: string, folder: string, name: string): Promise<string | undefined> {
  return readFile(join(root, folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
