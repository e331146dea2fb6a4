// Helpers that bytes flow through: an archive in, an archive out. As container/helper.ts, but with input and back-pressure in both directions; nothing
// is held whole. Used by container/, image/, snapshot/ and build/. Output is a learner's bytes.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { SlipwayError } from '../errors.ts';
import { passedOn } from '../passed-on.ts';
import { taskSocket } from '../paths.ts';
import type { RpcClient } from '../rpc.ts';
import type { BrokerVerbs, HostRef, Step } from './protocol.ts';
import { ShimConnection, type TaskEnd } from './shim.ts';

/** A slow client may take its time, a forgotten helper may not stay. */
const DEADLINE_MS = 15 * 60_000;
const MAX_WORDS = 64 << 10; // bytes of stderr that are kept
const FRAME = 64 << 10; // bytes
const SIGKILL = 9;

/** A host, as much of it as work inside it needs. */
export interface Place { readonly ref: HostRef; readonly broker: RpcClient<BrokerVerbs> }

export interface StreamOptions {
  argv: string[];
  before?: Step[];
  after?: Step[];
  input?: AsyncIterable<Buffer>;
  /** Nothing of the input is taken before the program has said something: it could not be sent again. */
  inputAfterOutput?: boolean;
  /** Output stops while its promise is pending. */
  onOutput: (chunk: Buffer) => Promise<void> | void;
  signal?: AbortSignal;
}

/** Resolves when the program has ended and all its output was taken. Throws when it could not run, was cut off, or input or output failed. */
export async function streamHelper(host: Place, options: StreamOptions): Promise<{ code: number; stderr: string }> {
  const id = `helper-${randomBytes(8).toString('hex')}`;
  await host.broker.call('startTask', { ...host.ref, task: {
    id, cgroup: 'helper', before: options.before ?? [], after: options.after ?? [], argv: options.argv,
    io: { kind: 'pipes', stdin: options.input !== undefined }, wait: { for: 'own' }, deadlineMs: DEADLINE_MS,
  } });
  try {
    return await converse(await ShimConnection.open(taskSocket(host.ref.lab, host.ref.host, id)), options);
  } finally {
    await host.broker.call('forgetTask', { ...host.ref, task: id });
  }
}

async function converse(shim: ShimConnection, options: StreamOptions): Promise<{ code: number; stderr: string }> {
  let fault: unknown;
  let stderr = '';
  let taken: Promise<void> = Promise.resolve();
  let waiting = 0;
  const spoken = Promise.withResolvers<void>();
  if (!options.inputAfterOutput) spoken.resolve();
  const fail = (error: unknown) => {
    fault ??= error;
    shim.resume();
    shim.signal(SIGKILL);
  };
  shim.on('output', (stream, data) => {
    if (fault !== undefined) return;
    if (stream === 2) {
      if (stderr.length < MAX_WORDS) stderr += data.toString('utf8');
      return;
    }
    spoken.resolve();
    passedOn(data.length);
    waiting++;
    shim.pause();
    taken = taken.then(() => (fault === undefined ? options.onOutput(data) : undefined)).catch(fail).finally(() => { if (--waiting === 0) shim.resume(); });
  });
  // A shim that is just beginning has nobody to give a signal to.
  shim.once('started', () => { if (fault !== undefined) shim.signal(SIGKILL); });
  const ended = new Promise<TaskEnd>(resolve => shim.once('end', resolve));
  const onAbort = () => fail(new SlipwayError('Unavailable', 'the client has gone'));
  options.signal?.addEventListener('abort', onAbort, { once: true });
  shim.subscribe({ ring: false });
  shim.go();
  if (options.signal?.aborted) onAbort();
  const feeding = options.input ? feed(shim, options.input, ended, spoken.promise).catch(fail) : undefined;
  const end = await ended;
  await feeding;
  await taken;
  options.signal?.removeEventListener('abort', onAbort);
  if (fault !== undefined) throw fault;
  if (end.kind === 'failed') throw new SlipwayError('System', end.message);
  if (end.kind === 'lost') throw new SlipwayError('System', `${options.argv[0]}: the helper was killed`);
  return { code: end.code, stderr };
}

async function feed(shim: ShimConnection, input: AsyncIterable<Buffer>, ended: Promise<unknown>, spoken: Promise<void>): Promise<void> {
  const state = { over: false };
  void ended.then(() => { state.over = true; });
  await Promise.race([spoken, ended]);
  if (state.over) return;
  for await (const chunk of input) {
    passedOn(chunk.length);
    for (let at = 0; at < chunk.length && !state.over; at += FRAME) {
      if (shim.stdin(chunk.subarray(at, at + FRAME))) continue;
      const drained = new AbortController();
      await Promise.race([once(shim.socket, 'drain', { signal: drained.signal }).catch(() => {}), ended]);
      drained.abort();
    }
    if (state.over) return; // leaving the loop closes the source
  }
  shim.closeStdin();
}

/** The same with all output as text, for scripts that say little. */
export async function runScript(host: Place, options: Omit<StreamOptions, 'onOutput'> & { maxBytes?: number }): Promise<{ code: number; stdout: string; stderr: string }> {
  const max = options.maxBytes ?? 4 << 20;
  const chunks: Buffer[] = [];
  let size = 0;
  const { code, stderr } = await streamHelper(host, { ...options, onOutput: chunk => {
    size += chunk.length;
    if (size > max) throw new SlipwayError('System', `more output than ${max} bytes`);
    chunks.push(chunk);
  } });
  return { code, stderr, stdout: Buffer.concat(chunks).toString('utf8') };
}
