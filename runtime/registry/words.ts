// What a registry said when it refused, in the words of Docker's client of registries.
// https://github.com/distribution/distribution/blob/v2.8.3/registry/client/errors.go
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { SlipwayError, type ErrorKind } from '../errors.ts';

/** Answers that are no content: errors, tokens, lists of tags. */
export const MAX_WORDS_BYTES = 1 << 20;

const errorsSchema = z.object({ errors: z.array(z.object({ code: z.string(), message: z.string().default('') })).min(1) });

/** The body as text, never more than `limit`. */
export async function textOf(answer: IncomingMessage, limit = MAX_WORDS_BYTES): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new SlipwayError('System', `the registry's answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export async function refusal(answer: IncomingMessage): Promise<SlipwayError> {
  const status = answer.statusCode!;
  const kind: ErrorKind = status === 404 ? 'NotFound' : status === 401 ? 'Unauthorized' : status === 403 ? 'Forbidden' : 'System';
  const text = await textOf(answer).catch(() => '');
  // A token that does not reach so far: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
  if (/^bearer .*\berror="insufficient_scope"/i.test(answer.headers['www-authenticate'] ?? '')) return new SlipwayError('Forbidden', 'denied: requested access to the resource is denied');
  const told = errorsSchema.safeParse(json(text));
  if (told.success) {
    const words = told.data.errors.map(({ code, message }) => `${code.replaceAll('_', ' ').toLowerCase()}: ${message}`);
    return new SlipwayError(kind, words.length === 1 ? words[0]! : `errors:\n${words.join('\n')}\n`);
  }
  if (status === 401) return new SlipwayError(kind, 'unauthorized: authentication required');
  return new SlipwayError(kind, `received unexpected HTTP status: ${status} ${STATUS_CODES[status] ?? ''}`.trim());
}

export function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
