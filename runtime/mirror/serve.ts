// The mirror's side of the wire: manifests, tags and blobs of allowed upstreams, from what it has kept or from the upstream itself. HTTP on a unix
// socket, for the engine alone (registry/mirror-client.ts). Many who ask for the same small thing at once cause one request; that a layer is asked for
// once is the engine's business. Errors travel as their kind and words: before a body as its status, within one as its trailer.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { isDigest } from '../content/digest.ts';
import type { Descriptor } from '../content/oci.ts';
import { passedOn } from '../passed-on.ts';
import type { Manifest, Registry } from '../registry/client.ts';
import { isAllowed, type Upstream, type Upstreams } from '../registry/upstreams.ts';
import type { Cache } from './cache.ts';
import { withUpstream } from './upstream.ts';

/** Of the room for unpacked layers. */
const CACHE_SHARE = 0.25;
/** https://github.com/distribution/reference/blob/v0.6.0/regexp.go */
const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

export interface MirrorParts { upstreams: Upstreams; cache: Cache; onError(error: unknown): void }

export function createMirror(parts: MirrorParts): Server {
  const { upstreams, cache } = parts;
  const once = singleFlight<Manifest>();
  /** Configurations: asked for by all who pull an image at once, and whole before anybody gets a byte of one. */
  const onceWhole = singleFlight<void>();

  async function manifest(upstream: Upstream, path: string, reference: string): Promise<Manifest> {
    const name = `${upstream.domain}/${path}${reference.includes(':') ? '@' : ':'}${reference}`;
    return once(name, async () => {
      const known = await cache.manifest(name);
      if (known && (reference.includes(':') || Date.now() - known.at < upstreams.settings().tagSeconds * 1000)) return known.manifest;
      try {
        const found = await first(withUpstream(upstream, registry => one(registry.manifest(path, reference))));
        await cache.keepManifest(name, found).catch(parts.onError); // a full disk keeps nobody from their image
        return found;
      } catch (error) {
        // A registry that is away is no reason to be without an image that is here; one that refuses is.
        const { kind } = asSlipwayError(error instanceof SlipwayError && error.cause instanceof SlipwayError ? error.cause : error);
        if (!known || (kind !== 'Unavailable' && kind !== 'System')) throw error;
        parts.onError(error);
        return known.manifest;
      }
    });
  }

  async function* blob(upstream: Upstream, path: string, descriptor: Descriptor, whole: boolean): AsyncGenerator<Buffer> {
    const fetched = () => cache.keep(descriptor.digest, withUpstream(upstream, (registry: Registry) => registry.blob(path, descriptor)), upstreams.settings().diskBytes * CACHE_SHARE);
    if (whole && !await cache.has(descriptor.digest)) await onceWhole(descriptor.digest, async () => { for await (const _ of fetched()); });
    yield* await cache.blob(descriptor) ?? fetched();
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url!, 'http://mirror');
    const { domain, path, reference, digest, size, mediaType, whole } = Object.fromEntries(url.searchParams) as Record<string, string>;
    const upstream = upstreams.of(domain ?? '');
    // Names as Docker has them, and nothing that a URL could make another path of: what is allowed is allowed here.
    if (!upstream || !REPOSITORY.test(path ?? '') || !isAllowed(upstream, path!) || !(reference === undefined || TAG.test(reference) || isDigest(reference))) throw new SlipwayError('Forbidden', 'denied: requested access to the resource is denied');
    const json = (value: unknown) => void response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value));
    if (url.pathname === '/manifest') return json(await manifest(upstream, path!, reference ?? ''));
    if (url.pathname === '/tags') return json(await first(withUpstream(upstream, registry => one(registry.tags(path!)))));
    if (url.pathname !== '/blob' || !isDigest(digest ?? '')) throw new SlipwayError('InvalidParameter', `the mirror has no ${url.pathname}`);
    const descriptor = { digest, size: Number(size), mediaType: mediaType ?? '' } as Descriptor;
    response.setHeader('Trailer', 'X-Failure');
    response.flushHeaders();
    for await (const chunk of blob(upstream, path!, descriptor, whole === 'yes')) {
      if (response.destroyed) return;
      passedOn(chunk.length);
      if (!response.write(chunk)) await new Promise<void>(resolve => {
        const ready = () => { response.off('drain', ready).off('close', ready); resolve(); };
        response.on('drain', ready).on('close', ready);
      });
    }
    response.end();
  }

  return createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { kind, message } = asSlipwayError(error);
      if (kind === 'System' || kind === 'Unavailable') parts.onError(error);
      const words = JSON.stringify({ kind, message });
      if (response.headersSent) response.addTrailers({ 'X-Failure': Buffer.from(words).toString('base64') });
      else response.statusCode = 500;
      response.end(response.headersSent ? undefined : words);
    });
  });
}

/** The same thing asked for several times at once is done once. */
function singleFlight<T>() {
  const flights = new Map<string, Promise<T>>();
  return (name: string, work: () => Promise<T>): Promise<T> => {
    const flight = flights.get(name) ?? work().finally(() => flights.delete(name));
    flights.set(name, flight);
    return flight;
  };
}

async function* one<T>(value: Promise<T>): AsyncGenerator<T> {
  yield await value;
}

async function first<T>(values: AsyncIterable<T>): Promise<T> {
  for await (const value of values) return value;
  throw new SlipwayError('System', 'the upstream registry gave no answer');
}
