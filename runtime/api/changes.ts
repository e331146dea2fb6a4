// Routes that change containers: create, start, stop, restart, kill, pause, unpause, rename, resize, remove. Each only decodes and
// calls the verb of the same name; texts and rules are the verbs'.
import { z } from 'zod';
import { createBodySchema } from '../container/config.ts';
import { signalNumber } from '../container/signals.ts';
import { SlipwayError } from '../errors.ts';
import type { Api } from './api.ts';
import { parseDetachKeys } from './detach-keys.ts';
import { parsePlatform } from './platform.ts';
import type { Call } from './call.ts';
import { containerSize } from './containers.ts';
import { CREATE } from './go-structs.ts';
import { pruneFilter } from './prune.ts';
import { bool, dimension, filters, optionalInt, text } from './query.ts';
import { route } from './route.ts';
import { isOlder } from './version.ts';

const OLD_MAC = 'The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.';

const stopQuery = z.object({ t: optionalInt, signal: text });
const stopOptions = (query: z.output<typeof stopQuery>) => ({ timeoutSeconds: query.t, signal: query.signal || null });

export const changeRoutes = [
  route('POST', '/containers/create', {
    query: z.object({ name: text, platform: text }),
    body: createBodySchema, goStruct: CREATE,
    async handle(call, query, body) {
      const { api } = call;
      if (body.Image === '') throw new SlipwayError('InvalidParameter', 'config cannot be empty in order to create a container');
      checkPlatform(api, body.Image, query.platform);
      const created = await api.verbs.create(api.host, { name: query.name === '' ? null : query.name, platform: query.platform, body });
      const container = api.host.containers.get(created.id);
      if (container) call.about(container);
      return { status: 201, json: { Id: created.id, Warnings: [...(body.MacAddress && !isOlder(call.version, '1.44') ? [OLD_MAC] : []), ...created.warnings] } };
    },
  }),

  route('POST', '/containers/prune', {
    query: z.object({ filters: filters(['label', 'label!', 'until']) }),
    async handle({ api }, query) {
      const isToPrune = pruneFilter(query.filters);
      const deleted: string[] = [];
      let reclaimed = 0;
      for (const container of api.host.containers.values()) {
        const { record, live } = container;
        if (!['created', 'exited', 'dead'].includes(record.state.status) || live.removing || !isToPrune({ labels: record.config.Labels, created: record.created })) continue;
        const { rw } = await containerSize(api, container);
        await api.verbs.remove(api.host, container, { force: false, volumes: false });
        deleted.push(record.id);
        reclaimed += rw;
      }
      api.host.events.emit('container', 'prune', '', { reclaimed: String(reclaimed) });
      return { status: 200, json: { ContainersDeleted: deleted.length ? deleted : null, SpaceReclaimed: reclaimed } };
    },
  }),

  route('POST', '/containers/:id/start', {
    query: z.object({ detachKeys: text }),
    async handle(call, query) {
      parseDetachKeys(query.detachKeys, 'detach');
      await call.api.verbs.start(call.api.host, call.container());
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/stop', {
    query: stopQuery,
    async handle(call, query) {
      await stopping('cannot stop container', call, query);
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/restart', {
    query: stopQuery,
    async handle(call, query) {
      await stopping('Cannot restart container', call, query);
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/kill', {
    query: z.object({ signal: text }),
    async handle(call, query) {
      try {
        if (query.signal) signalNumber(query.signal); // before anybody is looked for, as dockerd
        await call.api.verbs.kill(call.api.host, call.container(), { signal: query.signal || 'KILL' });
      } catch (error) {
        // dockerd says which container, as the client named it.
        if (error instanceof SlipwayError && !error.message.startsWith('cannot kill container: ')) throw new SlipwayError(error.kind, `cannot kill container: ${call.params.id}: ${error.message}`, { cause: error.cause });
        throw error;
      }
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/pause', {
    async handle(call) {
      await call.api.verbs.pause(call.api.host, call.container());
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/unpause', {
    async handle(call) {
      await call.api.verbs.unpause(call.api.host, call.container());
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/rename', {
    query: z.object({ name: text }),
    async handle(call, query) {
      if (query.name === '') throw new SlipwayError('InvalidParameter', 'Neither old nor new names may be empty');
      await call.api.verbs.rename(call.api.host, call.container(), query.name);
      return { status: 204 };
    },
  }),

  route('POST', '/containers/:id/resize', {
    query: z.object({ h: dimension, w: dimension }),
    quiet: true,
    async handle(call, query) {
      await call.api.verbs.resize(call.api.host, call.container(), { rows: query.h, cols: query.w });
      return { status: 200 };
    },
  }),

  route('DELETE', '/containers/:id', {
    query: z.object({ v: bool, force: bool, link: bool }),
    async handle(call, query) {
      const container = call.container();
      if (query.link) throw new SlipwayError('System', 'Conflict, cannot remove the default link name of the container');
      await call.api.verbs.remove(call.api.host, container, { force: query.force, volumes: query.v });
      return { status: 204 };
    },
  }),
];

/** A signal that is none is said with the container, as the client named it. */
async function stopping(what: 'cannot stop container' | 'Cannot restart container', call: Call, query: z.output<typeof stopQuery>) {
  const container = call.container();
  try {
    await call.api.verbs[what === 'cannot stop container' ? 'stop' : 'restart'](call.api.host, container, stopOptions(query));
  } catch (error) {
    if (!(error instanceof SlipwayError) || error.kind === 'NotModified') throw error;
    throw new SlipwayError(error.kind === 'InvalidParameter' ? 'System' : error.kind, `${what}${what.startsWith('c') ? ':' : ''} ${call.params.id}: ${error.message}`, { cause: error.cause });
  }
}

/** The library is made for this machine's kind, so another is only met by asking for it.  */
function checkPlatform({ images }: Api, image: string, text: string) {
  const wanted = parsePlatform(text);
  if (!wanted) return;
  const { os, architecture } = images.find(image).config;
  if (os === wanted.os && architecture === wanted.architecture) return;
  throw new SlipwayError('NotFound', `image with reference ${image} was found but does not match the specified platform: wanted ${wanted.os}/${wanted.architecture}, actual: ${os}/${architecture}`);
}
