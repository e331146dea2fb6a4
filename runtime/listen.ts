// Listening on a unix socket that appears at its path whole: with its mode, and in the place of an earlier one without a moment of none. Used by broker
// and engine. Whoever closes the server later takes nothing away that a successor has put there.
import { chmodSync, renameSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';

/** Resolves when clients are served. `owner` is told where the socket lies before it takes its place, and gives it to whom it belongs. */
export async function listenAt(server: Server, path: string, mode: number, owner?: (path: string) => unknown): Promise<void> {
  const beside = `${path}.new`; // the server unlinks this name when it closes, and only this
  rmSync(beside, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(beside, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(beside, mode);
  await owner?.(beside);
  renameSync(beside, path);
}
