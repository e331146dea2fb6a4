// How much a host may have written down: the engine holds the records of all labs in its memory and on the machine's disk, and learners say how large
// each is. Called by whoever makes a record (create.ts, exec.ts, volumes.ts). The limits are far beyond what anybody does by hand.
import { SlipwayError } from './errors.ts';

export interface Room { records: number; /** Of all together. */ bytes: number; /** Of a single one. */ oneBytes: number }
/** A single one may expose each port there is: `--expose 1-65535`. */
export const CONTAINER_ROOM: Room = { records: 1000, bytes: 32 << 20, oneBytes: 3 << 19 };
export const EXEC_ROOM: Room = { records: 1000, bytes: 8 << 20, oneBytes: 256 << 10 };
export const VOLUME_ROOM: Room = { records: 2000, bytes: 4 << 20, oneBytes: 64 << 10 };
/** Mount points of one container: each is held against all others. */
export const MOST_MOUNTS = 500;

const sizes = new WeakMap<object, number>();

/** Throws when `added` is too large or one too many beside `others`. `written` gives what is written down of one; each is measured once, those from before a restart, too. */
export function takeRoom<T extends object>(room: Room, what: string, others: ReadonlyMap<string, T>, added: T, written: (one: T) => unknown): void {
  const sizeOf = (one: T): number => {
    const bytes = sizes.get(one) ?? Buffer.byteLength(JSON.stringify(written(one)));
    sizes.set(one, bytes);
    return bytes;
  };
  const bytes = sizeOf(added);
  if (bytes > room.oneBytes) throw new SlipwayError('InvalidParameter', `the ${what} is described by ${bytes} bytes: a lab's may have ${room.oneBytes}`);
  let total = bytes;
  for (const other of others.values()) total += sizeOf(other);
  if (others.size >= room.records || total > room.bytes) throw new SlipwayError('InvalidParameter', `this lab has ${others.size} ${what}s already: remove some before making more`);
}
