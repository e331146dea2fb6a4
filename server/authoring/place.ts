// Where a lesson's folder stands: the folder of all lessons, and its own path below it through the parts and chapters that it lies in.
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

export async function placeOf(folder: string): Promise<{ root: string; name: string }> {
  let root = dirname(folder);
  let name = basename(folder);
  while (/^\d+-/.test(basename(root)) && await stat(join(root, 'part.md')).then(() => true, () => false)) {
    name = join(basename(root), name);
    root = dirname(root);
  }
  return { root, name };
}
