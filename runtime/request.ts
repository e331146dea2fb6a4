// What is being answered just now: an id that goes with a request from the web process through engine and broker, and the lab it is about. Kept by the
// runtime across awaits; rpc.ts carries it over the sockets, log.ts adds it to every line.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { z } from 'zod';

export interface Request { request: string; lab?: string }

const requests = new AsyncLocalStorage<Request>();
const idSchema = z.string().regex(/^[0-9a-f]{12}$/);

export const currentRequest = (): Request | undefined => requests.getStore();

/** As part of the request that `id` names, when a caller sent one that can be; else of a new one. */
export function inRequest<T>(work: () => T, id?: unknown, lab?: string): T {
  const known = idSchema.safeParse(id);
  return requests.run({ request: known.success ? known.data : randomBytes(6).toString('hex'), ...(lab === undefined ? {} : { lab }) }, work);
}
