// Tells when something in folders of lessons has been saved, so that it is shown without a restart. Used by the server (server/lessons.ts). Watches
// the folders themselves and the lessons in them, nothing else (a git checkout's own files change all the time); costs nothing while nobody saves.
import { watch, type FSWatcher } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** An editor or a git pull writes several files at once; one telling is enough. */
const SETTLE_MS = 60;
/** The system's watch may miss what is saved while it takes note of what was saved before: so there is one more look, later. */
const AGAIN_MS = 1000;

export interface Watch { release(): void; }

/** Folders that are not there, or that the system cannot watch, are left alone: `onFault` says so once. */
export async function watchLessons(folders: readonly string[], onChange: () => void, onFault: (error: unknown) => void): Promise<Watch> {
  const watchers = new Map<string, FSWatcher>();
  let settling: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  let released = false;

  for (const folder of folders) {
    open(folder, { recursive: false }, name => { if (/^\d+-/.test(name)) void renewed(folder, name).then(changed); });
    await below(folder);
  }
  return {
    release() {
      released = true;
      clearTimeout(settling);
      clearTimeout(again);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };

  /** What came under a name may be another folder than what was there before. */
  function renewed(folder: string, name: string) {
    watchers.get(join(folder, name))?.close();
    watchers.delete(join(folder, name));
    return below(folder);
  }

  /** The lessons that are in the folder now; those that went are let go of. */
  async function below(folder: string) {
    const names = await readdir(folder).catch(() => []);
    if (released) return;
    const lessons = new Set(names.filter(name => /^\d+-/.test(name)).map(name => join(folder, name)));
    for (const [path, watcher] of watchers) {
      if (!path.startsWith(`${folder}/`) || lessons.has(path)) continue;
      watcher.close();
      watchers.delete(path);
    }
    for (const path of lessons) if (!watchers.has(path)) open(path, { recursive: true }, changed);
  }

  function open(path: string, options: { recursive: boolean }, onEvent: (name: string) => void) {
    try {
      const watcher = watch(path, options, (_event, name) => onEvent(name ?? ''));
      watchers.set(path, watcher);
      watcher.on('error', fault => {
        if (folders.includes(path)) return onFault(fault);
        if (watchers.get(path) === watcher) watchers.delete(path);
        watcher.close();
        setTimeout(lookAgain, SETTLE_MS, dirname(path)).unref();
      });
    } catch (error) {
      onFault(error);
    }
  }

  /** An editor's temporary file went while it was looked at, or may not be read: that ends a watch, but not the lesson. */
  async function lookAgain(folder: string) {
    await below(folder);
    changed();
  }

  function changed() {
    if (released) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
    clearTimeout(again);
    again = setTimeout(onChange, AGAIN_MS);
  }
}

/** One folder with all that is in it. */
export function watchFolder(folder: string, onChange: () => void, onFault: (error: unknown) => void): Watch {
  let settling: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true }, () => {
    clearTimeout(settling);
    settling = setTimeout(onChange, SETTLE_MS);
  });
  watcher.on('error', onFault);
  return {
    release() {
      clearTimeout(settling);
      watcher.close();
    },
  };
}
