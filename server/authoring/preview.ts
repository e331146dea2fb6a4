// `slipway lesson preview`: keeps a copy of a lesson where the site looks for lessons that are being written, as long as it runs. A copy, because the
// site's user need not be able to enter the author's folders. What has faults is told here and the site goes on showing the last version that had none.
import { cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SlipwayError } from '../../runtime/errors.ts';
import { loadLesson } from '../../lessons/load.ts';
import { formatProblem } from '../../lessons/problem.ts';
import { watchFolder } from '../../lessons/watch.ts';
import { placeOf } from './place.ts';

export interface PreviewOptions { into: string; signal: AbortSignal; print: (text: string) => void; }

/** Resolves when the signal is aborted and the copy is gone. */
export async function previewLesson(folder: string, { into, signal, print }: PreviewOptions): Promise<void> {
  const { root, name } = await placeOf(folder);
  const slug = /^\d+-([a-z0-9][a-z0-9-]*)$/.exec(basename(name))?.[1];
  if (!slug || !(await stat(folder).then(found => found.isDirectory(), () => false))) throw new SlipwayError('InvalidParameter', `${folder} is no lesson's folder: one is called like 30-volumes, and holds lesson.md and tasks.yaml`);
  if (!(await stat(into).then(() => true, () => false))) throw new SlipwayError('Unavailable', 'Slipway is not running: start it with npm start');
  const shown = join(into, name);
  let work = Promise.resolve();
  let first = true;

  const copy = async () => {
    const { lesson, problems } = await loadLesson(root, name);
    for (const problem of problems) print(formatProblem({ ...problem, file: join(root, problem.file) }));
    if (!lesson) return;
    // Whole, or not at all: beside, then in its place.
    const next = join(into, `.${basename(name)}.next`);
    await rm(next, { recursive: true, force: true });
    await cp(folder, next, { recursive: true, filter: source => !basename(source).startsWith('.') || source === folder });
    await mkdir(dirname(shown), { recursive: true });
    for (const part of partsOf(name)) await cp(join(root, part, 'part.md'), join(into, part, 'part.md'));
    await rm(shown, { recursive: true, force: true });
    await rename(next, shown);
    print(first ? `Shown at /lessons/${slug}. Save, and it is there; Ctrl-C ends it.` : `${new Date().toLocaleTimeString()}  shown anew${problems.length > 0 ? ', with the faults above' : ''}`);
    first = false;
  };
  const again = () => { work = work.then(copy).catch((error: unknown) => print(String(error))); };
  const watch = watchFolder(folder, again, error => print(`${folder} is not watched any more: ${String(error)}`));
  try {
    again();
    await new Promise<void>(resolve => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    watch.release();
    await work;
    await rm(shown, { recursive: true, force: true });
    for (const part of partsOf(name).reverse()) await dropPart(join(into, part));
  }
}

/** The folders of parts and chapters above a lesson, outermost first. */
const partsOf = (name: string): string[] => name.split('/').slice(0, -1).map((_, index, all) => all.slice(0, index + 1).join('/'));

/** Unless another lesson of it is shown. */
async function dropPart(path: string) {
  if ((await readdir(path).catch(() => [])).some(entry => entry !== 'part.md')) return;
  await rm(path, { recursive: true, force: true });
}
