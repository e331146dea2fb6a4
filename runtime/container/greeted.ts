// A connection to a task's shim, for those who must be there before its first byte. Called by start.ts and exec.ts.
import { ShimConnection } from '../kernel/shim.ts';

/** A connection that the shim has accepted: what is sent on it now is read before a later GO on another one. */
export async function greeted(socket: string): Promise<ShimConnection> {
  const shim = await ShimConnection.open(socket);
  await new Promise<void>(resolve => {
    shim.once('hello', () => resolve());
    shim.once('end', () => resolve());
  });
  return shim;
}
