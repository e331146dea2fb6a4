// The files that a lesson lays into its lab: all that is in its folder `files/`. Listed by load.ts with their digests, so that a saved change is noticed, and
// packed by the server when a lab is made (server/lab/prepare.ts). Only plain files and folders: a link could lead out of the lesson.
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LessonProblem } from './problem.ts';
import type { FrontMatter } from './schema.ts';

export interface LessonFile {
  /** Below the lesson's files/. */
  path: string;
  mode: number;
  sizeBytes: number;
  digest: string;
}

const MAX_FILES = 200;
const MAX_BYTES = 5 << 20;

/** Faults are told by the path in the lesson. Names that begin with a dot are laid too, except those that editors and git leave. */
export async function listFiles(root: string, folder: string, modes: FrontMatter['files']['modes']): Promise<{ files: LessonFile[]; problems: LessonProblem[] }> {
  const files: LessonFile[] = [];
  const problems: LessonProblem[] = [];
  const complain = (path: string, message: string, fix: string) => void problems.push({ file: join(folder, path), line: 1, message, fix });
  await links('');
  await below('files', '');
  if (files.length > MAX_FILES) complain('files', `there are ${files.length} files`, `Keep to ${MAX_FILES}; put more into an image.`);
  if (files.reduce((sum, file) => sum + file.sizeBytes, 0) > MAX_BYTES) complain('files', 'the files are larger than 5 MiB together', 'Put large things into an image.');
  for (const path of Object.keys(modes)) {
    if (!files.some(file => file.path === path)) complain('lesson.md', `files: there is no ${path} in files/ to give a mode to`, 'Correct its name below modes.');
  }
  return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), problems };

  /** Nowhere in a lesson: what is read or copied must lie in its folder. */
  async function links(path: string): Promise<void> {
    for (const entry of await readdir(join(root, folder, path), { withFileTypes: true })) {
      const at = join(path, entry.name);
      if (entry.isSymbolicLink()) complain(at, 'this is a link, and a link may lead out of the lesson', 'Put the file itself here.');
      else if (entry.isDirectory() && entry.name !== '.git') await links(at);
    }
  }

  async function below(place: string, path: string): Promise<void> {
    const entries = await readdir(join(root, folder, place, path), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries) {
      const at = join(path, entry.name);
      if (entry.isDirectory()) await below(place, at);
      else if (entry.isFile() && !/^\.(git.*|DS_Store|.*\.swp)$|~$/.test(entry.name)) await add(at);
    }
  }

  async function add(path: string) {
    const content = await readLessonFile(root, folder, path);
    const { mode } = await lstat(join(root, folder, 'files', path));
    files.push({ path, mode: modes[path] ?? (mode & 0o100 ? 0o755 : 0o644), sizeBytes: content.length, digest: digestOf(content) });
  }
}

export const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** Never through a link in its last place; links anywhere in a lesson keep it from loading at all. */
export async function readLessonFile(root: string, folder: string, path: string): Promise<Buffer> {
  const file = await open(join(root, folder, 'files', path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) return Buffer.alloc(MAX_BYTES + 1);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
