// Which directories some mount of this machine shows, in any mount namespace: labs hold what they were made from.
// Called before an older toolbox is removed.
import { readdir, readFile } from 'node:fs/promises';

/** A test for "some mount's root is this directory", by the end of its path. mountinfo's fourth field follows renames. */
export async function mountedRoots(): Promise<(endOfPath: string) => boolean> {
  const roots = new Set<string>();
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const text = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => ''); // the process may have ended
    for (const line of text.split('\n')) {
      const root = line.split(' ')[3];
      if (root) roots.add(root);
    }
  }
  return end => [...roots].some(root => root.endsWith(end));
}
