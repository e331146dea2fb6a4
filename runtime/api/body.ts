// Reads a request's JSON body within a limit, with dockerd's words for one that is missing, malformed or of the wrong type.
// Called by call.ts; the shape is the route's zod schema.
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { goJsonProblem } from './go-json.ts';
import { withGoKeys } from './go-keys.ts';

/** Bytes. A create body with thousands of labels is far below this. */
const MAX_BODY = 4 << 20;

/** `taken` is the body when it was read already (it comes with an upgrade's head). An empty body is {} when `mayBeEmpty`. */
export async function readJson<S extends z.ZodType>(request: IncomingMessage, taken: Buffer | null, schema: S, mayBeEmpty: boolean): Promise<z.output<S>> {
  const bytes = taken ?? await readAll(request);
  const type = request.headers['content-type'];
  if (bytes.length === 0) {
    if (!mayBeEmpty) throw new SlipwayError('InvalidParameter', 'invalid JSON: got EOF while reading request body');
    return decode(schema, {});
  }
  if (!type) throw new SlipwayError('InvalidParameter', 'malformed Content-Type header (): mime: no media type');
  const mediaType = type.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new SlipwayError('InvalidParameter', `unsupported Content-Type header (${type}): must be 'application/json'`);
  return decode(schema, parse(bytes.toString('utf8')));
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Left unread, not destroyed, when it is too large: the answer still has to go out.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new SlipwayError('InvalidParameter', `request body is larger than ${MAX_BODY} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = goJsonProblem(text) ?? 'unexpected EOF';
    throw new SlipwayError('InvalidParameter', problem.startsWith('unexpected content') ? problem : `invalid JSON: ${problem}`, { cause: error });
  }
}

function decode<S extends z.ZodType>(schema: S, json: unknown): z.output<S> {
  const value = withGoKeys(schema, json ?? {}); // null is Go's empty struct
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map(String).join('.');
  const found = field === '' ? value : issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const wanted = issue.code === 'invalid_type' ? issue.expected : issue.code === 'invalid_union' ? 'string' : null;
  if (wanted === null) throw new SlipwayError('InvalidParameter', `invalid JSON: ${field}: ${issue.message}`);
  const into = field === '' ? 'Go value' : `Go struct field ${field}`;
  throw new SlipwayError('InvalidParameter', `invalid JSON: json: cannot unmarshal ${jsonType(found)} into ${into} of type ${goType(wanted)}`);
}

const jsonType = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value);
const GO_TYPE: Readonly<Record<string, string>> = { boolean: 'bool', number: 'int64', int: 'int64', array: '[]string', record: 'map[string]string', object: 'struct', tuple: '[]int' };
const goType = (expected: string) => GO_TYPE[expected] ?? expected;
