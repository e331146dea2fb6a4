// A lab of the test instance, and the stock docker client talking to it from outside. Made by each test file, disposed of at its end.
// Tests see only what a learner's client sees: arguments in, output and exit code out. With SLIPWAY_TEST_DOCKERD (a dockerd's socket, as
// unix:///…) and SLIPWAY_TEST_CLIENT the same tests run against a real dockerd, which is where their expectations come from.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn as spawnPty } from '@lydell/node-pty';
import { controlVerbs, type Lab } from '../../runtime/lab/control.ts';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { assetsDir, engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';

/** Debian 13's client, and Debian unstable's; set-up puts them there. */
export const CLIENTS = {
  26: process.env.SLIPWAY_TEST_CLIENT ?? join(assetsDir, 'clients', 'docker-26'),
  28: process.env.SLIPWAY_TEST_CLIENT ?? join(assetsDir, 'clients', 'docker-28'),
} as const;
/** What only holds here: the library's images, no network. */
export const dockerd = process.env.SLIPWAY_TEST_DOCKERD;
/** The plugin that `docker build` finds in the workstation; here it is put into DOCKER_CONFIG/cli-plugins where a test wants it. */
export const BUILDX = join(assetsDir, 'clients', 'docker-buildx');
export type ClientVersion = keyof typeof CLIENTS;

/** A command that has not ended by then hangs. */
const PATIENCE_MS = 30_000;

export interface Output { stdout: string; stderr: string; code: number }
export interface Options { stdin?: string | Buffer; env?: Record<string, string>; client?: ClientVersion; /** For one that goes on for long. */ patienceMs?: number }

export interface Terminal {
  /** Everything shown so far. */
  readonly screen: string;
  type(keys: string): void;
  resize(cols: number, rows: number): void;
  /** Resolves once the text, or a match, has been shown; only what came after the last `shows` counts. */
  shows(what: string | RegExp): Promise<string>;
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  kill(): void;
}

export interface TestLab {
  /** Null against a real dockerd. */
  readonly lab: Lab | null;
  readonly socket: string;
  docker(args: readonly string[], options?: Options): Promise<Output>;
  /** The words of a command line, split at spaces; for anything with quotes use `docker`. Fails when the command does. Trimmed output. */
  ok(line: string | readonly string[], options?: Options): Promise<string>;
  /** A client that goes on beside the test. */
  start(args: readonly string[], options?: Options): Running;
  terminal(args: readonly string[], options?: { cols?: number; rows?: number; client?: ClientVersion }): Terminal;
  api(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; text: string; json: () => unknown }>;
  engine: RpcClient<typeof controlVerbs>;
  dispose(): Promise<void>;
}

export interface Running {
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<Output>;
  write(text: string): void;
  closeStdin(): void;
  kill(signal?: NodeJS.Signals): void;
}

export async function createTestLab(name: string, options: { profile?: 'strict' | 'full'; user?: 'root' | 'learner'; pull?: readonly string[] } = {}): Promise<TestLab> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const lab = dockerd ? null : await engine.call('createLab', { name, ...(options.profile ? { profile: options.profile } : {}), ...(options.user ? { user: options.user } : {}) });
  const test = clientsOf(lab, engine);
  try {
    for (const image of lab ? options.pull ?? [] : []) await test.ok(['pull', '-q', image]);
  } catch (error) {
    await test.dispose();
    throw error;
  }
  return test;
}

/** The same for a lab that somebody else has made, such as a learner's. Disposes of it, too. */
export async function adoptTestLab(id: string): Promise<TestLab> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const lab = (await engine.call('listLabs', {})).find(known => known.id === id);
  if (!lab) throw new Error(`there is no lab ${id}`);
  return clientsOf(lab, engine);
}

function clientsOf(lab: Lab | null, engine: TestLab['engine']): TestLab {
  const dockerHost = dockerd ?? lab!.hosts[0]!.dockerHost;
  const config = mkdtempSync(join(tmpdir(), 'slipway-docker-'));
  const socket = dockerHost.replace('unix://', '');
  const env = (extra: Record<string, string> = {}) => ({ PATH: process.env.PATH ?? '', HOME: config, DOCKER_CONFIG: config, DOCKER_HOST: dockerHost, DOCKER_CLI_HINTS: 'false', TERM: 'xterm', ...extra });

  const start = (args: readonly string[], { stdin, env: extra, client = 26, patienceMs = PATIENCE_MS }: Options = {}): Running => {
    const child = spawn(CLIENTS[client], [...args], { env: env(extra) as unknown as NodeJS.ProcessEnv, stdio: ['pipe', 'pipe', 'pipe'], timeout: patienceMs });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output.stdout += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { output.stderr += text; });
    child.stdin.on('error', () => {}); // the client may end before it has read everything
    const ended = new Promise<Output>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => (signal === 'SIGTERM' ? reject(new Error(`docker ${args.join(' ')} did not end; so far:\n${output.stdout}\n${output.stderr}`)) : resolve({ ...output, code: code ?? -1 })));
    });
    if (stdin !== undefined) child.stdin.end(stdin);
    return { output, ended, write: text => void child.stdin.write(text), closeStdin: () => void child.stdin.end(), kill: (signal = 'SIGKILL') => void child.kill(signal) };
  };
  const docker = (args: readonly string[], opts: Options = {}) => start(args, { stdin: '', ...opts }).ended;

  return {
    lab, socket, engine, docker, start,
    async ok(line, opts) {
      const args = typeof line === 'string' ? line.split(' ') : line;
      const { stdout, stderr, code } = await docker(args, opts);
      if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
      return stdout.trim();
    },
    terminal(args, { cols = 80, rows = 24, client = 26 } = {}) {
      const pty = spawnPty(CLIENTS[client], [...args], { cols, rows, env: env(), name: 'xterm' });
      return watchTerminal(pty, `docker ${args.join(' ')}`);
    },
    api: (method, path, body) => askApi(socket, method, path, body),
    async dispose() {
      rmSync(config, { recursive: true });
      if (lab) await engine.call('disposeLab', { lab: lab.id });
      engine.close();
    },
  };
}

function watchTerminal(pty: ReturnType<typeof spawnPty>, what: string): Terminal {
  let screen = '';
  let seen = 0;
  let changed = () => {};
  let over = false;
  pty.onData(data => { screen += data; changed(); });
  const ended = new Promise<number>(resolve => pty.onExit(({ exitCode }) => { over = true; changed(); resolve(exitCode); }));
  return {
    get screen() { return screen; },
    ended,
    type: keys => pty.write(keys),
    resize: (cols, rows) => pty.resize(cols, rows),
    kill: () => pty.kill('SIGKILL'),
    async shows(wanted) {
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const fresh = screen.slice(seen);
        const at = typeof wanted === 'string' ? fresh.indexOf(wanted) : fresh.search(wanted);
        if (at >= 0) {
          const length = typeof wanted === 'string' ? wanted.length : wanted.exec(fresh)![0].length;
          seen += at + length;
          return fresh.slice(0, at + length);
        }
        if (over || Date.now() > deadline) throw new Error(`${what} did not show ${String(wanted)}${over ? ' before it ended' : ''}; it showed:\n${fresh}`);
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, 1000);
          changed = () => { clearTimeout(timer); resolve(); };
        });
      }
    },
  };
}

function askApi(socketPath: string, method: string, path: string, body: unknown): ReturnType<TestLab['api']> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    request({ socketPath, method, path, headers: text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) } }, response => {
      let answer = '';
      response.setEncoding('utf8').on('data', chunk => { answer += chunk; })
        .on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text: answer, json: () => JSON.parse(answer) as unknown })).on('error', reject);
    }).on('error', reject).end(text);
  });
}

/** Waits until the answer is what is wanted, asking again and again. */
export async function eventually<T>(ask: () => Promise<T> | T, wanted: (answer: T) => boolean, what: string): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not happen; the last answer was ${JSON.stringify(answer)}`);
    await new Promise(resolve => setTimeout(resolve, 30));
  }
}

/** Ids (64 or 12 hex digits) become ID, times TIME. */
export const normalise = (text: string) => text
  .replace(/\b[0-9a-f]{64}\b/g, 'ID').replace(/\b[0-9a-f]{12}\b/g, 'SHORTID')
  .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME');

/** Starts what waits at a shim's socket and gives all that it wrote, stdout and stderr together. */
export async function outputOf(socketPath: string): Promise<string> {
  const shim = await ShimConnection.open(socketPath);
  let text = '';
  shim.on('output', (_stream, data) => { text += data.toString(); });
  shim.subscribe({ ring: false });
  shim.go();
  await new Promise(resolve => shim.once('end', resolve));
  return text;
}
