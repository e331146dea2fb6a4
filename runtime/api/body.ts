// Reads a request's JSON body within a limit, with dockerd's words for one that is missing, malformed or of the wrong type.
// Called by call.ts; the shape is the route's zod schema.
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import { goJsonProblem } from './go-json.ts';
import { goPlace, type GoStruct } from './go-structs.ts';
import { withGoKeys } from './go-keys.ts';

/** Bytes. A create body with thousands of labels is far below this. */
const MAX_BODY = 4 << 20;
/** Of all bodies that one host's clients are sending at a time: this process is all labs'. */
const MAX_AT_ONCE = 8 << 20;
const atOnce = new WeakMap<object, number>();

/** `taken` is the body when it was read already (it comes with an upgrade's head). An empty body is {} when `mayBeEmpty`. */
export async function readJson<S extends z.ZodType>(request: IncomingMessage, taken: Buffer | null, schema: S, mayBeEmpty: boolean, goStruct?: GoStruct): Promise<z.output<S>> {
  const bytes = taken ?? await readAll(request);
  const type = request.headers['content-type'];
  if (bytes.length === 0) {
    if (!mayBeEmpty) throw new SlipwayError('InvalidParameter', 'invalid JSON: got EOF while reading request body');
    return decode(schema, {}, goStruct);
  }
  if (!type) throw new SlipwayError('InvalidParameter', 'malformed Content-Type header (): mime: no media type');
  const mediaType = type.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== 'application/json') throw new SlipwayError('InvalidParameter', `unsupported Content-Type header (${type}): must be 'application/json'`);
  if (!type.split(';').slice(1).every(isParameter)) throw new SlipwayError('InvalidParameter', `malformed Content-Type header (${type}): mime: invalid media parameter`);
  return decode(schema, parse(bytes.toString('utf8')), goStruct);
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const server = (request.socket as { server?: object }).server ?? request;
  const hold = (bytes: number) => { const held = (atOnce.get(server) ?? 0) + bytes; atOnce.set(server, held); return held; };
  try {
    // Left unread, not destroyed, when it is too large: the answer still has to go out.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      const held = hold(chunk.length);
      if (size > MAX_BODY) throw new SlipwayError('InvalidParameter', `request body is larger than ${MAX_BODY} bytes`);
      if (held > MAX_AT_ONCE) throw new SlipwayError('Unavailable', 'too much is being sent to this host at once: try again');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    hold(-size);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const problem = goJsonProblem(text) ?? 'unexpected EOF';
    throw new SlipwayError('InvalidParameter', problem.startsWith('unexpected content') ? problem : `invalid JSON: ${problem}`, { cause: error });
  }
}

const isParameter = (text: string) => text.trim() === '' || /^\s*[\w!#$%&'*+.^`|~-]+=("[^"]*"|[\w!#$%&'*+.^`|~-]+)\s*$/.test(text);

function decode<S extends z.ZodType>(schema: S, json: unknown, goStruct: GoStruct | undefined): z.output<S> {
  const value = withGoKeys(schema, json ?? {}); // null is Go's empty struct
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map(String).join('.');
  const found = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const wanted = issue.code === 'invalid_type' ? issue.expected : issue.code === 'invalid_union' ? 'string' : issue.code === 'too_small' ? 'number' : null;
  if (wanted === null) throw new SlipwayError('InvalidParameter', `invalid JSON: ${field}: ${issue.message}`);
  const { into, type = goType(wanted) } = goPlace(goStruct, issue.path);
  const literal = typeof found === 'number' && (wanted === 'number' || wanted === 'int') ? `number ${found}` : jsonType(found);
  throw new SlipwayError('InvalidParameter', `invalid JSON: json: cannot unmarshal ${literal} into ${into} of type ${type}`);
}

const jsonType = (value: unknown) => (Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value === 'boolean' ? 'bool' : typeof value);
const GO_TYPE: Readonly<Record<string, string>> = { boolean: 'bool', number: 'int64', int: 'int64', array: '[]string', record: 'map[string]string', object: 'struct', tuple: '[]int' };
const goType = (expected: string) => GO_TYPE[expected] ?? expected;
