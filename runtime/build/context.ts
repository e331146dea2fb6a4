// The build context as an archive from the client: unpacked on the lab's disk for the length of one build, and not at all when the same bytes came
// before and nothing of them is needed: then all that a cached build asks is known. Called by api/builds.ts and buildkit/solve.ts.
import { createHash } from 'node:crypto';
import { SlipwayError } from '../errors.ts';
import { runScript, type Place } from '../kernel/stream.ts';
import { firstWords, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import { findSources, type Found } from './copy.ts';
import { isIgnored } from './ignore.ts';

const MAX_DOCKERFILE = 1 << 20;
/** Larger archives are not remembered: they pass through. */
const MAX_HELD = 1 << 20;
/** Archives remembered of each host. */
const REMEMBERED = 16;

export interface Context {
  /** Of the Dockerfile, whose links lead no further than the context. */
  readonly text: string;
  /** Where its files lie in the lab. */
  directory(): Promise<string>;
  find(patterns: readonly string[]): Promise<Found[] | { missing: string }>;
  release(): Promise<void>;
}

/** What an archive with these bytes has said. All of it follows from the bytes, which are the lab's own. */
interface Known { text: string; found: Map<string, Found[] | { missing: string }> }
const known = new WeakMap<Place, Map<string, Known>>();

export interface ContextOptions { compression: string; dockerfile: string; signal: AbortSignal }

export async function openContext(host: Place, input: AsyncIterable<Buffer>, options: ContextOptions): Promise<Context> {
  const { held, rest } = await hold(input);
  const bytes = rest ? null : held;
  const key = bytes && createHash('sha256').update(`${options.compression} ${options.dockerfile}\0`).update(bytes).digest('hex');
  let memory = key ? recall(host, key) : undefined;
  let unpacked: Promise<{ directory: string; text: string }> | undefined;
  const unpack = () => (unpacked ??= unpackContext(host, again(held, rest), options));
  const text = memory?.text ?? (await unpack()).text;
  memory ??= { text, found: new Map() };
  if (key) remember(host, key, memory);
  const { found } = memory;
  const directory = async () => (await unpack()).directory;
  return {
    text, directory,
    async find(patterns) {
      const asked = JSON.stringify(patterns);
      const before = found.get(asked);
      if (before) return before;
      const answer = await findSources(host, { directory: await directory() }, patterns, options.signal);
      if (key && found.size < 100) found.set(asked, answer);
      return answer;
    },
    async release() {
      const place = await unpacked?.catch(() => undefined);
      if (place) await removeScratch(host, place.directory);
    },
  };
}

function recall(host: Place, key: string): Known | undefined { return known.get(host)?.get(key); }

function remember(host: Place, key: string, memory: Known): void {
  const ofHost = known.get(host) ?? new Map<string, Known>();
  known.set(host, ofHost);
  ofHost.delete(key);
  ofHost.set(key, memory);
  if (ofHost.size > REMEMBERED) ofHost.delete(ofHost.keys().next().value!);
}

/** Reads on until all is there, or too much to be held; `rest` is what was not read. */
async function hold(input: AsyncIterable<Buffer>): Promise<{ held: Buffer; rest: AsyncIterator<Buffer> | null }> {
  const iterator = input[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  for (let size = 0; size <= MAX_HELD;) {
    const next = await iterator.next();
    if (next.done) return { held: Buffer.concat(chunks), rest: null };
    chunks.push(Buffer.from(next.value));
    size += next.value.length;
  }
  return { held: Buffer.concat(chunks), rest: iterator };
}

async function* again(held: Buffer, rest: AsyncIterator<Buffer> | null): AsyncGenerator<Buffer, void, void> {
  yield held;
  for (let next = await rest?.next(); next && !next.done; next = await rest?.next()) yield next.value;
}

async function unpackContext(host: Place, input: AsyncIterable<Buffer>, options: ContextOptions): Promise<{ directory: string; text: string }> {
  const directory = newScratch('context');
  const body = `mkdir -p "$1" || exit 1
plain "$2" | untar $as_is $kept -C "$1" && measure "$1" || exit 1
resolve "$1" "$3" 1 && [ -f "$1$found" ] || exit 3
head -c ${MAX_DOCKERFILE + 1} "$1$found"
printf '\\0'
[ ! -f "$1/.dockerignore" ] || [ -L "$1/.dockerignore" ] || head -c ${MAX_DOCKERFILE} "$1/.dockerignore"`;
  try {
    const { code, stdout, stderr } = await runScript(host, { argv: script(body, directory, options.compression, options.dockerfile), input, signal: options.signal });
    if (code === 3) throw new SlipwayError('System', `Cannot locate specified Dockerfile: ${options.dockerfile}`);
    if (code !== 0) throw new SlipwayError('System', `Error processing tar file(exit status 1): ${firstWords(stderr) || 'unexpected EOF'}`);
    const [text = '', ignore = ''] = stdout.split('\0');
    if (text.length > MAX_DOCKERFILE) throw new SlipwayError('InvalidParameter', `the Dockerfile (${options.dockerfile}) is larger than ${MAX_DOCKERFILE} bytes`);
    const gone = ['.dockerignore', options.dockerfile].filter(name => ignore !== '' && isIgnored(ignore, name));
    if (gone.length) await runScript(host, { argv: script('root=$1; shift; for f; do resolve "$root" "$f" && rm -f "$root$found"; done', directory, ...gone) });
    return { directory, text };
  } catch (error) {
    await removeScratch(host, directory);
    throw error;
  }
}
