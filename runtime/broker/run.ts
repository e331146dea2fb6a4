// Runs a program to its end: the broker's small administrative commands (btrfs). Bounded in time and output.
import { spawn } from 'node:child_process';
import { SlipwayError } from '../errors.ts';

const MAX_OUTPUT = 1 << 20; // bytes
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' } as unknown as NodeJS.ProcessEnv;

/** Resolves with stdout; rejects with what the program said. */
export function run(program: string, args: readonly string[], options: { timeoutMs?: number; env?: Record<string, string>; stdin?: string } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...ENVIRONMENT, ...options.env } });
    const out: Buffer[] = [];
    const said: Buffer[] = [];
    let size = 0;
    const keep = (list: Buffer[]) => (chunk: Buffer) => { if ((size += chunk.length) <= MAX_OUTPUT) list.push(chunk); };
    child.stdout.on('data', keep(out));
    child.stderr.on('data', keep(said));
    child.stdin.on('error', () => {}); // it may end before it has read everything
    child.stdin.end(options.stdin ?? '');
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 30_000);
    child.on('error', error => { clearTimeout(timer); reject(new SlipwayError('System', `cannot run ${program}: ${error.message}`, { cause: error })); });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(out).toString('utf8'));
      else reject(new SlipwayError('System', Buffer.concat(said).toString('utf8').trim() || `${program} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
