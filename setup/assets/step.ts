// A step of set-up: done once, done again only when its recipe has changed. The stamp is a file holding the recipe's hash.
// Progress goes to stdout as `progress <step> <0..100> <words>`, which setup/run.mjs draws as a bar.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assetsDir } from '../../runtime/paths.ts';

export type Report = (percent: number, words: string) => void;

export type AssetStep = {
  name: string;
  /** Everything that the result depends on; any change builds again. */
  recipe: () => Promise<unknown>;
  /** What must be there for the stamp to be believed. */
  present: () => Promise<boolean>;
  build: (report: Report) => Promise<void>;
};

/** Builds the step unless its stamp says that nothing has changed. Says whether it was built. */
export async function runStep(step: AssetStep): Promise<boolean> {
  const report: Report = (percent, words) => console.log(`progress ${step.name} ${Math.round(percent)} ${words}`);
  const hash = hashOf(await step.recipe());
  const stamp = join(assetsDir, 'stamps', step.name);
  const before = await readFile(stamp, 'utf8').catch(() => '');
  if (before.trim() === hash && await step.present()) {
    report(100, 'unchanged');
    return false;
  }
  const started = Date.now();
  report(0, 'starting');
  await step.build(report);
  await writeWhole(stamp, `${hash}\n`);
  report(100, `done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return true;
}

export const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex');

/** Written beside and renamed, so that a reader sees the old file or the new one. */
export async function writeWhole(path: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}.new`;
  await writeFile(beside, text, { mode });
  await rename(beside, path);
}
