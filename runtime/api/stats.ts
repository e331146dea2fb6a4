// POST /containers/{id}/update, and GET /containers/{id}/stats: a sample each second until the client goes, or one. Without `one-shot` the first waits for the sample before it,
// so that there is a rate.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { hostConfigSchema } from '../container/config.ts';
import { checkLimits } from '../container/check-options.ts';
import { update } from '../container/update.ts';
import type { Call } from './call.ts';
import { stats, type Stats } from '../container/stats.ts';
import { isRunning } from '../container/state.ts';
import { SlipwayError } from '../errors.ts';
import { UPDATE } from './go-structs.ts';
import { route } from './route.ts';
import { bool } from './query.ts';

const updateBody = hostConfigSchema.pick({
  Memory: true, MemoryReservation: true, MemorySwap: true, NanoCpus: true, CpuShares: true, CpuPeriod: true, CpuQuota: true, CpusetCpus: true, CpusetMems: true, PidsLimit: true, BlkioWeight: true,
  CpuRealtimePeriod: true, CpuRealtimeRuntime: true,
}).extend({ RestartPolicy: z.object({ Name: z.string(), MaximumRetryCount: z.number().int().nullish() }).nullish() });

const PERIOD_MS = 1000; // Docker's

export const statsRoutes = [
  route('POST', '/containers/:id/update', {
    body: updateBody, bodyMayBeEmpty: true, goStruct: UPDATE,
    async handle(call, _query, { RestartPolicy, ...limits }) {
      checkLimits(call.api.host, limits); // before anybody is looked for, as dockerd
      const policy = RestartPolicy?.Name ? { Name: RestartPolicy.Name, MaximumRetryCount: RestartPolicy.MaximumRetryCount ?? 0 } : null;
      return { status: 200, json: { Warnings: await update(call.api.host, call.container(), { ...limits, RestartPolicy: policy }) } };
    },
  }),

  route('GET', '/containers/:id/stats', {
    query: z.object({ stream: z.string().optional(), 'one-shot': bool }),
    async handle(call, query) {
      const streams = bool.parse(query.stream ?? 'true');
      if (streams && query['one-shot']) throw new SlipwayError('InvalidParameter', 'cannot have stream=true and one-shot=true');
      const container = call.container();
      const { host } = call.api;
      let before = streams || query['one-shot'] || !isRunning(container.record.state.status) ? null : await stats(host, container, null);
      if (before) await pause(call);
      if (!streams) return { status: 200, json: await stats(host, container, before) };
      const out = call.stream('application/json');
      while (!call.signal.aborted && !host.closing.signal.aborted) {
        const sample: Stats = await stats(host, container, before);
        await out.write(`${JSON.stringify(sample)}\n`);
        before = sample;
        if (container.live.removing || !host.containers.has(container.record.id)) break;
        await pause(call);
      }
      out.end();
      return null;
    },
  }),
];

/** Ends early when the client goes. */
const pause = (call: Call) => delay(PERIOD_MS, undefined, { signal: call.signal }).catch(() => {});
