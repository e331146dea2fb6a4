// One builder of assets at a time on a machine: two would take each other's work directories away. Held by a child, flock(1), which
// ends, and so lets go, when this process does, however that comes about.
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { plainEnv } from './command.ts';

/** Waits for its turn, calling `onWait` if it has to; the result releases. */
export async function lock(file: string, onWait: () => void): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; read line'], { env: plainEnv(), stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(holder, 'close');
  const held = Promise.race([once(holder.stdout, 'data').then(() => true), closed.then(() => false)]);
  const notice = setTimeout(onWait, 200);
  const good = await held.finally(() => clearTimeout(notice));
  if (!good) throw new Error(`The lock ${file} could not be taken.`);
  return async () => {
    holder.stdin.end();
    await closed;
  };
}
