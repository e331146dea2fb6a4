// Going through the cgroups that a lab has made, which may be any number, below one another deeper than any path may be long. So each is reached from the
// descriptor of the one above it, and whoever has much to do with them lets others have their turn (`inTurns`). Called by cgroup.ts and counts.ts.
import { closeSync, constants, openSync, readdirSync, rmdirSync } from 'node:fs';
import { setImmediate as othersFirst } from 'node:timers/promises';

/** About a tenth of a second's work in a hierarchy of cgroup v1. */
const TURN = 500;

/**
 * The cgroup at `root` and all below it, each by a path that holds until the next is asked for. With `leave`, that is called for each as soon as all
 * below it have been gone through. What goes meanwhile is passed over.
 */
export function* cgroupsFrom(root: string, leave?: (path: string) => void): Generator<string> {
  const open: { fd: number; children: string[]; path: string }[] = [];
  const enter = (path: string) => {
    const fd = openDirectory(path);
    if (fd !== undefined) open.push({ fd, children: subdirectories(at(fd)), path });
    return fd;
  };
  try {
    const first = enter(root);
    if (first !== undefined) yield at(first);
    while (open.length > 0) {
      const { fd, children, path } = open.at(-1)!;
      const child = children.pop();
      if (child === undefined) {
        closeSync(fd);
        open.pop();
        leave?.(path);
        continue;
      }
      const entered = enter(`${at(fd)}/${child}`);
      if (entered !== undefined) yield at(entered);
    }
  } finally {
    for (const { fd } of open) closeSync(fd);
  }
}

/** Removes it and all below it, with rmdir alone: EBUSY while somebody is in one. */
export const removeCgroups = (root: string) => inTurns(cgroupsFrom(root, path => {
  try { rmdirSync(path); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; }
}), () => {});

export async function inTurns(cgroups: Generator<string>, visit: (path: string) => void): Promise<void> {
  let seen = 0;
  for (const path of cgroups) {
    visit(path);
    if (++seen % TURN === 0) await othersFirst();
  }
}

const at = (fd: number) => `/proc/self/fd/${fd}`;

function openDirectory(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (['ENOENT', 'ENODEV'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined; // it has just been removed
    throw error;
  }
}

/** None of one that has gone. */
export function subdirectories(dir: string): string[] {
  try { return readdirSync(dir, { withFileTypes: true }).filter(e => e.isDirectory()).map(e => e.name); } catch { return []; }
}
