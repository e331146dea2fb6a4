// Whether anything in a lesson's folder has changed since it was last read, from the file system's notes alone: reading and checking all lessons again
// because one was saved would keep the others' learners waiting. Used by load.ts.
import { lstat, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Names, sizes and times of all that is in it, and of what says which parts it lies in. */
export async function fingerprintOf(root: string, folder: string): Promise<string> {
  const notes: string[] = [];
  await note(folder, true);
  for (let above = dirname(folder); above !== '.'; above = dirname(above)) await note(above, false);
  return notes.sort().join('\n');

  async function note(path: string, deep: boolean): Promise<void> {
    const entries = await readdir(join(root, path), { withFileTypes: true }).catch(() => []);
    await Promise.all(entries.map(async entry => {
      const at = join(path, entry.name);
      if (entry.isDirectory()) return deep ? note(at, true) : undefined;
      const found = await lstat(join(root, at), { bigint: true }).catch(() => undefined);
      if (found) notes.push(`${at} ${found.ino} ${found.size} ${found.mtimeNs} ${found.mode}`);
    }));
  }
}
