// Records as files: whole at their path at once, so that a process may be killed at any moment, and on the disk soon, so that the machine may lose its
// power. Used by engine and broker. What must be on the disk before anybody relies on it says so; for the rest a few dozen fsyncs a second, one after
// the other and beside the work, are better than as many pauses in it.
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

const SOON_MS = 100;
const waiting = new Set<string>();
let timer: NodeJS.Timeout | undefined;
let working: Promise<void> = Promise.resolve();

/** Built beside and renamed: there is always the old text or the new one. With `atOnce` the new one is on the disk before it takes its place. */
export function writeWhole(path: string, text: string, options: { atOnce?: boolean } = {}) {
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, text);
    if (options.atOnce) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  waiting.add(path);
  timer ??= setTimeout(() => void settled(), SOON_MS).unref();
}

/** Resolves when everything written so far is on the disk. */
export function settled(): Promise<void> {
  clearTimeout(timer);
  timer = undefined;
  const paths = [...waiting];
  waiting.clear();
  return (working = working.then(async () => {
    for (const path of [...paths, ...new Set(paths.map(dirname))]) await sync(path);
  }));
}

async function sync(path: string) {
  try {
    const file = await open(path, 'r');
    await file.sync().finally(() => file.close());
  } catch { /* removed meanwhile; or the disk is broken, which the next write tells */ }
}
