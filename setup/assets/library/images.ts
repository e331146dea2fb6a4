// The built-in image library: which images it has and in which order they are built. No tag claims a version that its
// program does not have; `latest` is the newest that the library has.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assetsDir, libraryDir } from '../../../runtime/paths.ts';
import type { Report } from '../step.ts';
import { buildBusybox } from './busybox.ts';
import { buildDebian } from './debian.ts';
import { buildHelloWorld } from './hello-world.ts';
import { writeLayout } from './layout.ts';
import { buildNginx } from './nginx.ts';
import { buildRegistry } from './registry.ts';

/** The recipe is the text of everything in this folder: there is no second place where a version number must be raised. */
export async function libraryRecipe(): Promise<unknown> {
  const files = (await readdir(import.meta.dirname, { recursive: true, withFileTypes: true })).filter(file => file.isFile() && !file.name.endsWith('.test.ts'));
  return Promise.all(files.map(file => join(file.parentPath, file.name)).sort().map(async path => [path.slice(import.meta.dirname.length), await readFile(path, 'utf8')]));
}

export async function buildLibrary(report: Report): Promise<void> {
  const work = join(assetsDir, 'tmp/library');
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  try {
    report(2, 'building hello-world and busybox');
    const hello = await buildHelloWorld(work);
    const busybox = await buildBusybox(work);
    const debian = await buildDebian(work, (percent, words) => report(5 + percent * 0.6, `debian: ${words}`));
    report(65, 'building nginx');
    const nginx = await buildNginx(work, debian);
    report(85, 'building registry');
    const registry = await buildRegistry(work, debian);
    report(95, 'writing the image library');
    await writeLayout(libraryDir, [hello, busybox, debian.image, nginx, registry]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
