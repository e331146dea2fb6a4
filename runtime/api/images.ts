// Routes of images: list, inspect, history, pull, tag, remove, prune. The store and the puller do the work (runtime/image).
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { parseReference, withTag } from '../image/reference.ts';
import { pullFrom } from './pull-from.ts';
import { pruneFilter } from './prune.ts';
import { bool, boolFilter, filters, text } from './query.ts';
import { importImage } from './archives.ts';
import { route } from './route.ts';

const LIST_FILTERS = ['before', 'dangling', 'label', 'label!', 'reference', 'since', 'until'];

export const imageRoutes = [
  route('GET', '/images/json', {
    query: z.object({ all: bool, digests: bool, 'shared-size': bool, filters: filters(LIST_FILTERS) }),
    handle: ({ api }, query) => ({ status: 200, json: api.images.list({ filters: query.filters, sharedSize: query['shared-size'], all: query.all }) }),
  }),

  // The progress goes out line by line; an error after the first line travels in the stream, as from dockerd.
  route('POST', '/images/create', {
    query: z.object({ fromImage: text, fromSrc: text, repo: text, tag: text, platform: text, message: text }),
    async handle(call, query) {
      if (query.fromSrc) return importImage(call, query);
      if (!query.fromImage) throw new SlipwayError('InvalidParameter', 'which image? fromImage is empty');
      const name = parseReference(query.fromImage);
      const lines = pullFrom(call, query.tag ? withTag(name, query.tag) : name, query.platform);
      const first = await lines.next(); // what fails before there is progress is a plain error
      const out = call.stream('application/json', { reportAtEnd: true });
      try {
        for (let line = first; !line.done; line = await lines.next()) await out.write(`${JSON.stringify(line.value)}\r\n`);
      } catch (error) {
        if (call.signal.aborted) return null;
        const message = error instanceof Error ? error.message : String(error);
        call.failed(message);
        await out.write(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`);
      }
      out.end();
      return null;
    },
  }),

  route('POST', '/images/prune', {
    query: z.object({ filters: filters(['dangling', 'label', 'label!', 'until']) }),
    async handle({ api }, query) {
      const isToPrune = pruneFilter(query.filters);
      const { items, spaceReclaimed } = await api.images.prune({ all: boolFilter(query.filters, 'dangling') === false, only: ({ config }) => isToPrune({ labels: config.config?.Labels, created: config.created ?? '' }) });
      api.host.events.emit('image', 'prune', '', { reclaimed: String(spaceReclaimed) });
      return { status: 200, json: { ImagesDeleted: items, SpaceReclaimed: spaceReclaimed } };
    },
  }),

  route('GET', '/images/:name*/json', {
    handle: ({ api, params }) => ({ status: 200, json: api.images.inspect(params.name!) }),
  }),

  route('GET', '/images/:name*/history', {
    handle: ({ api, params }) => ({ status: 200, json: api.images.history(params.name!) }),
  }),

  route('POST', '/images/:name*/tag', {
    query: z.object({ repo: text, tag: text }),
    async handle({ api, params }, query) {
      await api.images.tag(params.name!, query);
      return { status: 201 };
    },
  }),

  route('DELETE', '/images/:name*', {
    query: z.object({ force: bool, noprune: bool }),
    async handle({ api, params }, query) {
      return { status: 200, json: await api.images.remove(params.name!, { force: query.force, prune: !query.noprune }) };
    },
  }),
];
