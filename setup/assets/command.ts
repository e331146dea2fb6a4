// Runs a program of the machine for set-up: output captured, lines seen as they come, failure as an error that shows the last of what it said.
// Called by the asset steps only (root, no learner's bytes); the engine starts nothing this way.
import { spawn, type StdioOptions } from 'node:child_process';

export type CommandOptions = {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Open descriptors for stdin and stdout, for pipes between programs and files. */
  stdin?: number | 'ignore';
  stdout?: number | 'pipe';
  onLine?: (line: string) => void;
};

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: number | null;
  constructor(message: string, code: number | null) {
    super(message);
    this.code = code;
  }
}

/** Resolves with stdout when the program exits 0. */
export async function run(argv: [string, ...string[]], options: CommandOptions = {}): Promise<string> {
  const stdio: StdioOptions = [options.stdin ?? 'ignore', options.stdout ?? 'pipe', 'pipe'];
  const child = spawn(argv[0], argv.slice(1), { cwd: options.cwd, env: options.env ?? plainEnv(), stdio });
  let out = '';
  const said: string[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { out += text; });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split(/[\r\n]+/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      options.onLine?.(line);
      said.push(line);
      if (said.length > 30) said.shift();
    }
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', error => reject(new CommandError(`${argv[0]} cannot be run: ${error.message}`, null)));
    child.once('close', resolve);
  });
  if (code !== 0) throw new CommandError(`${argv[0]} failed (${code ?? 'killed'}):\n${[...said, rest].filter(Boolean).join('\n')}`, code);
  return out;
}

/** The caller's environment could carry its locale, temporary directory or preloads into what is built; only the network's proxies may. */
export function plainEnv(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const proxies = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(https?|no|ftp)_proxy$/i.test(name)));
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive', ...proxies, ...more } as Record<string, string | undefined> as NodeJS.ProcessEnv;
}
