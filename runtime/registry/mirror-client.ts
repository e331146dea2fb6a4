// The mirror as pull sees it: like a registry, but on this machine, with one domain's images that the operator allows. Used by image/mirror.ts. Manifests are
// verified here again; of a layer's bytes the mirror says at their end whether they were what they should be, and what is in them is verified once unpacked.
import { request, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { digestOfBytes, digestSchema } from '../content/digest.ts';
import type { Descriptor } from '../content/oci.ts';
import { SlipwayError, type ErrorKind } from '../errors.ts';
import type { Registry } from './client.ts';
import { json, textOf } from './words.ts';

const MAX_JSON_BYTES = 16 << 20;
const manifestSchema = z.object({ mediaType: z.string(), digest: digestSchema, text: z.string() });
const failureSchema = z.object({ kind: z.string(), message: z.string() });

export type ImageSource = Pick<Registry, 'manifest' | 'tags' | 'text' | 'blob' | 'close'>;

export function mirrorSource(socketPath: string, domain: string, signal?: AbortSignal): ImageSource {
  const closing = new AbortController();
  const ended = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;

  async function ask(what: string, query: Record<string, string>): Promise<IncomingMessage> {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ socketPath, path: `/${what}?${new URLSearchParams({ domain, ...query }).toString()}`, signal: ended, agent: false })
        .on('error', cause => reject(new SlipwayError('Unavailable', `the mirror of ${domain} does not answer`, { cause }))).on('response', resolve).end();
    });
    if (answer.statusCode === 200) return answer;
    throw failure(await textOf(answer));
  }

  async function* bytesOf(path: string, { digest, size, mediaType }: Descriptor, whole: 'yes' | 'no'): AsyncGenerator<Buffer> {
    const answer = await ask('blob', { path, digest, size: String(size), mediaType, whole });
    let seen = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      seen += chunk.length;
      yield chunk;
    }
    const failed = answer.trailers['x-failure'];
    if (failed !== undefined) throw failure(Buffer.from(failed, 'base64').toString());
    if (seen !== size) throw new SlipwayError('Unavailable', 'unexpected EOF');
  }

  return {
    async manifest(path, reference) {
      const found = manifestSchema.parse(json(await textOf(await ask('manifest', { path, reference }), MAX_JSON_BYTES)));
      if (digestOfBytes(found.text) !== found.digest || (reference.includes(':') && reference !== found.digest)) throw new SlipwayError('System', `manifest verification failed for digest ${found.digest}`);
      return found;
    },
    tags: async path => z.array(z.string()).parse(json(await textOf(await ask('tags', { path }), MAX_JSON_BYTES))),
    async text(path, descriptor) {
      if (descriptor.size > MAX_JSON_BYTES) throw new SlipwayError('System', `${descriptor.digest} is too big to be a ${descriptor.mediaType}`);
      const parts: Buffer[] = [];
      for await (const part of bytesOf(path, descriptor, 'yes')) parts.push(part);
      const text = Buffer.concat(parts).toString('utf8');
      if (digestOfBytes(text) !== descriptor.digest) throw new SlipwayError('System', `filesystem layer verification failed for digest ${descriptor.digest}`);
      return text;
    },
    blob: (path, descriptor) => bytesOf(path, descriptor, 'no'),
    close: () => closing.abort(),
  };
}

function failure(text: string): SlipwayError {
  const told = failureSchema.safeParse(json(text));
  // It is the operator who is not let in: a client that is told so would ask the learner for a password.
  return told.success ? new SlipwayError(told.data.kind === 'Unauthorized' ? 'System' : told.data.kind as ErrorKind, told.data.message) : new SlipwayError('System', 'the mirror could not be understood');
}
