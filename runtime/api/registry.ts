// Routes that speak to a registry for `docker push`, `docker login` and what asks about an image without pulling it, and `docker search`, which
// has the built-in library to search. All in the lab's own network (container/lab-network.ts); image/push.ts does the work of push.
import { z } from 'zod';
import { labNetwork } from '../container/lab-network.ts';
import { SlipwayError } from '../errors.ts';
import { imageConfigSchema } from '../content/oci.ts';
import { parsed } from '../content/layout.ts';
import { notInLibrary } from '../image/missing.ts';
import { pushImage } from '../image/push.ts';
import { DEFAULT_DOMAIN, familiarName, familiarString, parseReference, withDefaultTag, withTag } from '../image/reference.ts';
import { search } from '../image/search.ts';
import { credentialsOf } from '../registry/auth.ts';
import { openRegistry } from '../registry/client.ts';
import { login } from '../registry/login.ts';
import { parseManifest } from '../registry/manifest.ts';
import type { Call } from './call.ts';
import { isMirrored, recordsOf } from './pull-from.ts';
import { filters, text } from './query.ts';
import { route } from './route.ts';

const SEARCH_FILTERS = ['is-automated', 'is-official', 'stars'];
const loginSchema = z.looseObject({ username: z.string().default(''), password: z.string().default(''), identitytoken: z.string().default(''), serveraddress: z.string().default('') });

export const registryRoutes = [
  // Everything goes into the stream, also what fails at once: the first line comes before anything is looked at.
  route('POST', '/images/:name*/push', {
    query: z.object({ tag: text }),
    async handle(call, query) {
      const { api, signal } = call;
      const name = parseReference(call.params.name!);
      if (name.digest !== undefined) throw new SlipwayError('InvalidParameter', 'cannot push a digest reference');
      const header = call.header('x-registry-auth');
      const lines = pushImage(query.tag ? withTag(name, query.tag) : name, {
        host: api.host, store: api.images, library: api.library, mirror: api.mirror, network: labNetwork(api.host), credentials: credentialsOf(header), records: recordsOf(api), signal,
        onPushed: (image, reference) => void api.host.events.emit('image', 'push', familiarString(reference), { ...image.config.config.Labels, name: familiarName(reference) }),
      });
      const out = call.stream('application/json', { reportAtEnd: true });
      try {
        for await (const line of lines) await out.write(`${JSON.stringify(line)}\r\n`);
      } catch (error) {
        if (signal.aborted) return null;
        const message = error instanceof Error ? error.message : String(error);
        call.failed(message);
        await out.write(`${JSON.stringify({ errorDetail: { message }, error: message })}\r\n`);
      }
      out.end();
      return null;
    },
  }),

  route('POST', '/auth', {
    body: loginSchema,
    async handle({ api, signal }, _query, body) {
      const address = body.serveraddress.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
      if (address === '' || /(^|\.)docker\.io$/.test(address)) {
        throw new SlipwayError('Unavailable', 'this lab\'s Docker Hub is the built-in library, which needs no login; name a registry of yours, such as localhost:5000');
      }
      await login(labNetwork(api.host), address, body, signal);
      return { status: 200, json: { IdentityToken: '', Status: 'Login Succeeded' } };
    },
  }),

  route('GET', '/distribution/:name*/json', {
    handle: async call => ({ status: 200, json: await distribution(call) }),
  }),

  route('GET', '/images/search', {
    query: z.object({ term: text, limit: text, filters: filters(SEARCH_FILTERS) }),
    async handle({ api }, query) {
      const limit = query.limit === '' ? 25 : Number(query.limit);
      if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw new SlipwayError('InvalidParameter', `limit ${query.limit} is outside the range of [1, 100]`);
      return { status: 200, json: await search(api.library, query.term, { limit, filters: query.filters }) };
    },
  }),
];

/** The digest that a name stands for, and the platforms there are of it. */
async function distribution(call: Call): Promise<Record<string, unknown>> {
  const { api, params, signal } = call;
  const reference = withDefaultTag(parseReference(params.name!));
  const mirrored = await isMirrored(api, reference);
  if (reference.domain === DEFAULT_DOMAIN && !mirrored) {
    const found = await api.library.resolve(reference);
    if (!found) throw notInLibrary(reference, await api.library.references());
    const { mediaType, digest, size } = found.descriptor;
    return { Descriptor: { mediaType, digest, size }, Platforms: [{ architecture: found.image.config.architecture, os: found.image.config.os }] };
  }
  const registry = mirrored ? api.mirror.source(reference.domain, signal) : await openRegistry(labNetwork(api.host), reference.domain, credentialsOf(call.header('x-registry-auth')), { push: false, signal });
  try {
    const top = await registry.manifest(reference.path, reference.digest ?? reference.tag!);
    const answer = parseManifest(top);
    const Descriptor = { mediaType: top.mediaType, digest: top.digest, size: Buffer.byteLength(top.text) };
    if (answer.kind === 'index') return { Descriptor, Platforms: answer.index.manifests.flatMap(({ platform }) => platform ?? []) };
    const config = parsed(imageConfigSchema, await registry.text(reference.path, answer.manifest.config), answer.manifest.config.digest);
    return { Descriptor, Platforms: [{ architecture: config.architecture, os: config.os, ...(config.variant ? { variant: config.variant } : {}) }] };
  } finally {
    registry.close();
  }
}
