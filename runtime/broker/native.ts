// The broker's hold on the native program: one process that forks for each host, task and relay (native/serve.c). Started on first use, and again
// when it has died; what was under way then fails and may be tried again.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { SlipwayError } from '../errors.ts';
import { nativeProgram } from '../paths.ts';
import type { Configuration } from './encode.ts';

export type Mode = 'host' | 'task' | 'relay' | 'read' | 'rouse';
interface Waiting { done: (said: string) => void; fail: (error: Error) => void; timer: NodeJS.Timeout }

const TIMEOUT_MS = 30_000;
let server: ChildProcessByStdio<Writable, Readable, null> | undefined;
let nextId = 1;
const waiting = new Map<number, Waiting>();

/** Resolves with what the program printed; rejects with it when it failed. */
export function callNative(mode: Mode, configuration: Configuration): Promise<string> {
  const body = configuration.encode(mode);
  const id = nextId++ >>> 0;
  const header = Buffer.alloc(8);
  header.writeUInt32LE(id, 0);
  header.writeUInt32LE(body.length, 4);
  return new Promise((done, fail) => {
    const timer = setTimeout(() => settle(id, w => w.fail(new SlipwayError('System', `the native program did not answer within ${TIMEOUT_MS / 1000} s`))), TIMEOUT_MS);
    waiting.set(id, { done, fail, timer });
    const { stdin } = (server ??= start());
    stdin.write(header);
    stdin.write(body);
  });
}

function start() {
  const child = spawn(nativeProgram, ['serve'], { stdio: ['pipe', 'pipe', 'inherit'], env: {} as NodeJS.ProcessEnv });
  let rest: Buffer = Buffer.alloc(0);
  child.stdout.on('data', (chunk: Buffer) => {
    rest = rest.length ? Buffer.concat([rest, chunk]) : chunk;
    while (rest.length >= 12 && rest.length >= 12 + rest.readUInt32LE(8)) {
      const [id, status, size] = [rest.readUInt32LE(0), rest.readUInt32LE(4), rest.readUInt32LE(8)];
      const said = rest.subarray(12, 12 + size).toString('utf8').trim();
      rest = rest.subarray(12 + size);
      settle(id, w => (status === 0 ? w.done(said) : w.fail(new SlipwayError(said.startsWith('the host is not running') ? 'Unavailable' : 'System', said || `the native program ended with status ${status}`))));
    }
  });
  const lost = (why: string) => {
    if (server !== child) return;
    server = undefined;
    for (const id of waiting.keys()) settle(id, w => w.fail(new SlipwayError('Unavailable', `the native program ${why}`)));
  };
  child.on('error', error => lost(`cannot be run: ${error.message}`));
  child.on('exit', (code, signal) => lost(`ended (${signal ?? code})`));
  child.stdin.on('error', () => child.kill('SIGKILL'));
  return child;
}

function settle(id: number, how: (w: Waiting) => void) {
  const w = waiting.get(id);
  if (!w) return;
  waiting.delete(id);
  clearTimeout(w.timer);
  how(w);
}
