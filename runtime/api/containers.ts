// Routes that read containers: list, inspect, top, wait. Those that change them are in changes.ts.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import type { Container } from '../container/model.ts';
import type { Api } from './api.ts';
import { CONTAINER_FILTERS, listEntry, selectContainers } from './container-list.ts';
import { bool, filters, int, text } from './query.ts';
import { route } from './route.ts';
import { isOlder } from './version.ts';

const CONDITIONS = ['not-running', 'next-exit', 'removed'] as const;

export const containerRoutes = [
  route('GET', '/containers/json', {
    query: z.object({ all: bool, size: bool, limit: int(0), filters: filters(CONTAINER_FILTERS) }),
    async handle({ api }, query) {
      const found = await selectContainers(api, query.filters, query);
      const entries = found.map(async container => listEntry(api, container, query.size ? await containerSize(api, container) : null));
      return { status: 200, json: await Promise.all(entries) };
    },
  }),

  route('GET', '/containers/:id/json', {
    query: z.object({ size: bool }),
    async handle(call, query) {
      return { status: 200, json: await call.api.verbs.inspect(call.api.host, call.container(), query) };
    },
  }),

  route('GET', '/containers/:id/top', {
    query: z.object({ ps_args: text }),
    async handle(call, query) {
      return { status: 200, json: await call.api.verbs.top(call.api.host, call.container(), query.ps_args || '-ef') };
    },
  }),

  // The head is sent once the waiting has begun: `docker run` starts the container only after it has seen it.
  route('POST', '/containers/:id/wait', {
    query: z.object({ condition: text }),
    async handle(call, query) {
      const condition = CONDITIONS.find(c => c === (query.condition || 'not-running'));
      if (!condition) throw new SlipwayError('InvalidParameter', `invalid condition: ${JSON.stringify(query.condition)}`);
      const { api } = call;
      const result = api.verbs.wait(api.host, call.container(), { condition, signal: call.signal });
      result.catch(() => {}); // awaited below; it may reject first
      const answer = isOlder(call.version, '1.30') ? null : call.stream('application/json');
      try {
        const { exitCode, error } = await result;
        const json = { StatusCode: exitCode, ...(error ? { Error: { Message: error } } : {}) };
        if (!answer) return { status: 200, json };
        await answer.write(`${JSON.stringify(json)}\n`);
      } catch (error) {
        if (!call.signal.aborted) throw error;
      }
      answer?.end();
      return null;
    },
  }),
];

/** Sizes come with inspect, which measures them inside the host. */
export async function containerSize(api: Api, container: Container): Promise<{ rw: number; rootFs: number }> {
  const inspected = await api.verbs.inspect(api.host, container, { size: true });
  return { rw: Number(inspected.SizeRw ?? 0), rootFs: Number(inspected.SizeRootFs ?? 0) };
}
