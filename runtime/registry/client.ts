// A registry as pull and push see it: manifests, tags, blobs. Each call is one or two requests of the distribution specification, in the
// lab's network, with the credentials of this one operation. Bytes are verified by whoever reads them (blob) or here (manifests).
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { digestOfBytes, isDigest, type Digest } from '../content/digest.ts';
import { parsed } from '../content/layout.ts';
import type { Descriptor } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import { authorization, challengesOf, type Challenge, type Credentials } from './auth.ts';
import { MANIFEST_TYPES } from './manifest.ts';
import type { Network } from './network.ts';
import { openTransport, type Sending, type Transport } from './transport.ts';
import { refusal, textOf } from './words.ts';

const MAX_MANIFEST_BYTES = 4 << 20; // as dockerd
/** Of a blob that broke off; dockerd tries as often. */
const RETRIES = 5;
const RETRY_MS = 300;

export type Manifest = { mediaType: string; digest: Digest; text: string };

export interface Registry {
  /** NotFound when there is none, with the registry's words. */
  manifest(repository: string, reference: string): Promise<Manifest>;
  tags(repository: string): Promise<string[]>;
  /** A small blob, whole and verified. */
  text(repository: string, descriptor: Descriptor): Promise<string>;
  /** Verified: fails at its end, or as soon as there is too much, when it is not what the descriptor says. Continues where a connection broke off. */
  blob(repository: string, descriptor: Descriptor): AsyncGenerator<Buffer>;
  /** Its size, or undefined when the repository lacks it. */
  hasBlob(repository: string, digest: string): Promise<number | undefined>;
  /** True when the registry has taken the blob over from another of its repositories. */
  mount(repository: string, digest: string, from: string): Promise<boolean>;
  /** Sends a blob; `digest` is asked for when everything has been sent. */
  upload(repository: string, bytes: AsyncIterable<Buffer>, digest: () => string): Promise<void>;
  putManifest(repository: string, reference: string, mediaType: string, text: string): Promise<void>;
  /** Ends what is still going on. */
  close(): void;
}

/** `push` is about the scope of tokens; `origin` is where the registry is when its name does not tell. */
export interface RegistryOptions { push: boolean; origin?: string; signal?: AbortSignal }

/** Asks the registry whether it is one. */
export async function openRegistry(network: Network, domain: string, credentials: Credentials, options: RegistryOptions): Promise<Registry> {
  const transport = openTransport(network);
  try {
    const { origin, challenges } = await ping(transport, domain, options.signal, options.origin);
    return registryAt(transport, origin, challenges, credentials, options);
  } catch (error) {
    transport.close();
    throw error;
  }
}

/** Finds out whether it speaks TLS, and what it wants to see of credentials. */
export async function ping(transport: Transport, domain: string, signal?: AbortSignal, known?: string): Promise<{ origin: string; challenges: Challenge[] }> {
  const origins = known !== undefined ? [known] : await transport.lax(domain) ? [`https://${domain}`, `http://${domain}`] : [`https://${domain}`];
  // All at once, since most registries in labs speak only the last; who speaks TLS is preferred. The connection stays for what comes next.
  const asked = origins.map(origin => transport.send(`${origin}/v2/`, { method: 'GET', signal }));
  for (const one of asked) one.then(answer => answer.resume(), () => {});
  let failure: unknown;
  for (const [at, origin] of origins.entries()) {
    try {
      const answer = await asked[at]!;
      return { origin, challenges: answer.statusCode === 401 ? challengesOf(answer.headers['www-authenticate']) : [] };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

const tagsSchema = z.object({ tags: z.array(z.string()).nullable() });

function registryAt(transport: Transport, origin: string, challenges: Challenge[], credentials: Credentials, { push, signal }: RegistryOptions): Registry {
  const known = new Map<string, Promise<string | undefined>>();
  let closed = false;

  async function send(repository: string, path: string, sending: Omit<Sending, 'signal'>, scopes = scopeOf(repository)): Promise<IncomingMessage> {
    const url = /^https?:/.test(path) ? path : `${origin}/v2/${repository}/${path}`;
    const before = known.get(scopes);
    const attempt = async (proof: Promise<string | undefined>) => {
      known.set(scopes, proof);
      const authorized = await proof;
      return transport.send(url, { ...sending, headers: { ...sending.headers, ...(authorized && url.startsWith(`${origin}/`) ? { Authorization: authorized } : {}) }, signal });
    };
    const prove = () => authorization(transport, challenges, credentials, scopes, signal);
    const answer = await attempt(before ?? prove());
    // A token holds for minutes, a large layer takes longer.
    if (answer.statusCode !== 401 || before === undefined || (sending.body !== undefined && typeof sending.body !== 'string')) return answer;
    answer.resume();
    return attempt(prove());
  }
  const scopeOf = (repository: string) => `repository:${repository}:${push ? 'pull,push' : 'pull'}`;

  async function startUpload(repository: string, query = '', scopes?: string): Promise<{ answer: IncomingMessage; location: string }> {
    const answer = await send(repository, `blobs/uploads/${query}`, { method: 'POST', body: '' }, scopes);
    if (answer.statusCode !== 201 && answer.statusCode !== 202) throw await refusal(answer);
    answer.resume();
    return { answer, location: locationOf(answer) };
  }
  const locationOf = (answer: IncomingMessage) => new URL(answer.headers.location ?? '', origin).href;

  async function* blob(repository: string, { digest, size }: Descriptor): AsyncGenerator<Buffer> {
    const hash = createHash('sha256');
    let seen = 0;
    for (let attempt = 0; seen < size || attempt === 0; attempt++) {
      const before = seen;
      try {
        const answer = await send(repository, `blobs/${digest}`, { method: 'GET', headers: seen ? { Range: `bytes=${seen}-` } : {} });
        if (answer.statusCode !== 200 && answer.statusCode !== 206) throw await refusal(answer);
        let skip = answer.statusCode === 200 ? seen : 0; // one that knows no ranges starts anew
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          const part = chunk.subarray(Math.min(skip, chunk.length));
          skip -= chunk.length - part.length;
          if (part.length === 0) continue;
          seen += part.length;
          if (seen > size) throw unverified(digest);
          hash.update(part);
          yield part;
        }
        if (seen < size) throw new Error('unexpected EOF');
      } catch (error) {
        if (closed || signal?.aborted || error instanceof Unverified || (error instanceof SlipwayError && error.kind !== 'System')) throw error;
        if (seen > before) attempt = 0; // it is getting on
        if (attempt >= RETRIES) throw error;
        await pause(RETRY_MS * (attempt + 1), undefined, signal ? { signal } : {});
      }
    }
    if (`sha256:${hash.digest('hex')}` !== digest) throw unverified(digest);
  }

  async function manifest(repository: string, reference: string): Promise<Manifest> {
    const headers = { Accept: MANIFEST_TYPES.join(', ') };
    const path = `manifests/${reference}`;
    if (!reference.includes(':')) { // a tag: dockerd asks for its digest first
      const head = await send(repository, path, { method: 'HEAD', headers }).catch((error: unknown) => {
        if (error instanceof SlipwayError && error.kind === 'Unauthorized') throw new SlipwayError('System', `Head "${origin}/v2/${repository}/${path}": ${error.message}`, { cause: error });
        throw error;
      });
      head.resume();
      const digest = head.headers['docker-content-digest'];
      if (head.statusCode === 200 && typeof digest === 'string' && isDigest(digest)) return manifest(repository, digest);
    }
    const answer = await send(repository, path, { method: 'GET', headers });
    if (answer.statusCode !== 200) throw await refusal(answer);
    const text = await textOf(answer, MAX_MANIFEST_BYTES);
    const digest = digestOfBytes(text);
    if (reference.includes(':') && digest !== reference) throw new SlipwayError('System', `manifest verification failed for digest ${reference}`);
    return { mediaType: (answer.headers['content-type'] ?? '').split(';')[0]!.trim(), digest, text };
  }

  return {
    manifest,
    async tags(repository) {
      const answer = await send(repository, 'tags/list', { method: 'GET' });
      if (answer.statusCode !== 200) throw await refusal(answer);
      return parsed(tagsSchema, await textOf(answer), 'the list of tags').tags ?? [];
    },
    async text(repository, descriptor) {
      if (descriptor.size > MAX_MANIFEST_BYTES) throw new SlipwayError('System', `${descriptor.digest} is too big to be a ${descriptor.mediaType}`);
      const parts: Buffer[] = [];
      for await (const part of blob(repository, descriptor)) parts.push(part);
      return Buffer.concat(parts).toString('utf8');
    },
    blob,
    async hasBlob(repository, digest) {
      const answer = await send(repository, `blobs/${digest}`, { method: 'HEAD' });
      answer.resume();
      if (answer.statusCode === 404) return undefined;
      if (answer.statusCode !== 200) throw await refusal(answer);
      return Number(answer.headers['content-length'] ?? 0);
    },
    async mount(repository, digest, from) {
      const { answer } = await startUpload(repository, `?${new URLSearchParams({ mount: digest, from }).toString()}`, `${scopeOf(repository)} repository:${from}:pull`);
      return answer.statusCode === 201; // else an upload was begun instead, which the registry gives up by itself
    },
    async upload(repository, bytes, digest) {
      const { location } = await startUpload(repository);
      const sent = await send(repository, location, { method: 'PATCH', headers: { 'Content-Type': 'application/octet-stream' }, body: bytes });
      if (sent.statusCode !== 202) throw await refusal(sent);
      sent.resume();
      const next = new URL(locationOf(sent));
      next.searchParams.set('digest', digest());
      const done = await send(repository, next.href, { method: 'PUT', body: '' });
      if (done.statusCode !== 201) throw await refusal(done);
      done.resume();
    },
    async putManifest(repository, reference, mediaType, text) {
      const answer = await send(repository, `manifests/${reference}`, { method: 'PUT', headers: { 'Content-Type': mediaType }, body: text });
      if (answer.statusCode !== 201 && answer.statusCode !== 202) throw await refusal(answer);
      answer.resume();
    },
    close() {
      closed = true;
      transport.close();
    },
  };
}

/** Trying again would not help. */
class Unverified extends SlipwayError {}
const unverified = (digest: string) => new Unverified('System', `filesystem layer verification failed for digest ${digest}`);
