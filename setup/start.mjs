// The last step of `npm start`: the supervisor in the foreground until Ctrl-C, and the address as soon as the site answers.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetupError } from './error.mjs';
import { asRoot, childEnv, node, root } from './shell.mjs';

const statusFile = join(process.env.SLIPWAY_RUN ?? '/run/slipway', 'status.json');

/** The supervisor's status, when the process that wrote it is still the same one. */
export function runningInstance() {
  try {
    const status = JSON.parse(readFileSync(statusFile, 'utf8'));
    const stat = readFileSync(`/proc/${status.pid}/stat`, 'utf8');
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return startTime === status.startTime ? status : undefined;
  } catch {
    return undefined; // no file, or no such process: not running
  }
}

export async function startSupervisor() {
  const argv = asRoot([node, '--enable-source-maps', join(root, 'dist', 'supervisor.js')]);
  const child = spawn(argv[0], argv.slice(1), { cwd: root, env: childEnv({ NODE_ENV: 'production' }), stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = new Promise((resolve, reject) => {
    child.on('error', error => reject(new SetupError(`The supervisor could not be started: ${error.message}`)));
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  // Ctrl-C reaches the supervisor by itself (it is in our process group); a plain SIGTERM to us is passed on. Either way we wait for its end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  const { code, signal } = await ended;
  if (code !== 0) throw new SetupError(signal ? `The supervisor was ended by ${signal}.` : '', code ?? 1);
}
