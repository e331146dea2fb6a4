// Code of lessons with its colours, from a directory of what was coloured before, by a hash of the code; what is new there is coloured by a process that
// lives for some seconds (colour.worker.ts). Lessons may come from outside and change while people read them, so this cannot be done once, at build time.
// Asked by pages through site.ts. Code that cannot be coloured is shown plain.
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HastNode } from '../../lessons/schema.ts';
import type { FromColour, ToColour } from './colour.worker.ts';

/** To be counted up when the same code is to be coloured in another way. */
const RECIPE = 1;
/** Somebody who opens one lesson often opens the next. */
const IDLE_MS = 10_000;
const DEADLINE_MS = 15_000;
/** Lessons change: what was coloured this long ago is coloured once more, and what nobody shows any more is gone. */
const KEPT_MS = 30 * 24 * 60 * 60_000;

export interface Colours {
  /** The `pre` of this code, in a list. Never rejects. */
  of(code: string, language: string): Promise<HastNode[]>;
  release(): void;
}

export function openColours(dir: string, onError: (error: unknown) => void): Colours {
  const asked = new Map<string, Promise<HastNode[]>>();
  const worker = createWorker();
  const ready = prepare(dir).catch(onError);

  async function find(key: string, code: string, language: string): Promise<HastNode[]> {
    await ready;
    const file = join(dir, `${key}.json`);
    try {
      return JSON.parse(await readFile(file, 'utf8')) as HastNode[];
    } catch { /* not there yet, or cut off by a loss of power */ }
    try {
      const pre = await worker.colour({ id: key, code, language });
      const beside = `${file}.${process.pid}`;
      await writeFile(beside, JSON.stringify(pre)).then(() => rename(beside, file)).catch(onError);
      return pre;
    } catch (error) {
      onError(error);
      return [plain(code)];
    }
  }

  return {
    of(code, language) {
      const key = createHash('sha256').update(JSON.stringify([RECIPE, language, code])).digest('hex').slice(0, 32);
      const known = asked.get(key) ?? find(key, code, language).finally(() => asked.delete(key));
      asked.set(key, known);
      return known;
    },
    release: () => worker.release(),
  };
}

/** One process, as long as something is asked of it and some seconds longer. */
function createWorker() {
  let child: ChildProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let released = false;
  const waiting = new Map<string, { question: ToColour; done: (pre: HastNode[]) => void; fail: (error: Error) => void }>();

  function start(): ChildProcess {
    // Beside the sources it is a .ts file, beside the bundle a .js file.
    const file = new URL(import.meta.url.endsWith('.ts') ? './colour.worker.ts' : './colour.worker.js', import.meta.url);
    const started = fork(fileURLToPath(file), { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    started.on('message', (message: 'ready' | FromColour) => {
      if (message === 'ready') return;
      waiting.get(message.id)?.done(message.pre as HastNode[]);
    });
    const lost = (why: string) => {
      if (child !== started) return;
      child = undefined;
      for (const { fail } of waiting.values()) fail(new Error(`code could not be coloured: ${why}`));
    };
    started.once('error', error => lost(error.message));
    started.once('exit', (code, signal) => lost(`its process ended with ${signal ?? code}`));
    return started;
  }

  function end() {
    clearTimeout(idle);
    const ending = child;
    child = undefined;
    ending?.disconnect();
  }

  return {
    colour: (question: ToColour) => new Promise<HastNode[]>((resolve, reject) => {
      if (released) return reject(new Error('the server is stopping'));
      const over = () => {
        clearTimeout(timer);
        waiting.delete(question.id);
        clearTimeout(idle);
        if (waiting.size === 0) idle = setTimeout(end, IDLE_MS).unref();
      };
      const timer = setTimeout(() => { child?.kill('SIGKILL'); }, DEADLINE_MS).unref();
      waiting.set(question.id, { question, done: pre => { over(); resolve(pre); }, fail: error => { over(); reject(error); } });
      child ??= start();
      child.send(question);
    }),
    release() {
      released = true;
      for (const { fail } of waiting.values()) fail(new Error('the server is stopping'));
      end();
    },
  };
}

async function prepare(dir: string) {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(dir)) {
    const file = join(dir, name);
    if ((await stat(file)).mtimeMs < Date.now() - KEPT_MS) await rm(file, { force: true });
  }
}

/** As shiki has it: a line each. */
const plain = (code: string): HastNode => ({
  type: 'element', tagName: 'pre', properties: {},
  children: [{ type: 'element', tagName: 'code', properties: {}, children: [{ type: 'text', value: code }] }],
});
