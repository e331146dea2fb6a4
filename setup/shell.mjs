// Running programs for set-up: output is kept and shown only when the program fails. Nothing here decides what to run.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { SetupError } from './error.mjs';

/** The checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The Node that `npm ci` brings; everything but these set-up files runs under it. */
export const node = join(root, 'node_modules', 'node', 'bin', 'node');
export const isRoot = process.getuid?.() === 0;

/** The environment of every child: no telemetry, no download of engines, sbin in the path, and our Node before the system's. */
export function childEnv(extra = {}) {
  return {
    ...process.env,
    PATH: [dirname(node), join(root, 'node_modules', '.bin'), ...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].join(delimiter),
    NEXT_TELEMETRY_DISABLED: '1',
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    SLIPWAY_APP: root,
    ...extra,
  };
}

/** Settings that must survive sudo, which clears the environment. */
export const keptVariables = () => Object.keys(process.env).filter(name => name.startsWith('SLIPWAY_') || name === 'PORT' || name === 'CI');

/** The command as root: itself when we are root, else through sudo. */
export function asRoot(argv, extraNames = []) {
  if (isRoot) return argv;
  const names = [...keptVariables(), 'SLIPWAY_APP', 'NEXT_TELEMETRY_DISABLED', ...extraNames];
  return ['sudo', `--preserve-env=${[...new Set(names)].join(',')}`, ...argv];
}

/**
 * Runs a program to its end; resolves to its standard output. Fails with a SetupError that says `failure` and ends with the last lines the program wrote.
 * `onLine` sees each line of output as it comes.
 */
export function run(argv, { failure = `${argv[0]} failed`, env = childEnv(), cwd = root, onLine = () => {}, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { cwd, env, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    if (input !== undefined) child.stdin.end(input);
    let output = '';
    const tail = [];
    const watch = (stream, isOutput) => {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', chunk => {
        if (isOutput) output += chunk;
        const lines = (rest + chunk).split('\n');
        rest = lines.pop();
        for (const line of lines) {
          tail.push(line);
          if (tail.length > 60) tail.shift();
          onLine(line);
        }
      });
      stream.on('end', () => rest && tail.push(rest));
    };
    watch(child.stdout, true);
    watch(child.stderr, false);
    child.on('error', error => reject(new SetupError(`${failure}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new SetupError(`${failure} (${signal ?? `exit code ${code}`}). It said:\n\n${tail.join('\n')}\n`));
    });
  });
}

/** Runs a program on the person's own terminal; resolves to its exit code. */
export function runAttached(argv, { env = childEnv(), cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { cwd, env, stdio: 'inherit' });
    child.on('error', error => reject(new SetupError(`${argv[0]}: ${error.message}`)));
    child.on('close', (code, signal) => resolve(signal ? 128 : (code ?? 1)));
  });
}

export const have = program => ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(dir => existsSync(join(dir, program)));
export const succeeds = (program, ...args) => spawnSync(program, args, { stdio: 'ignore', env: childEnv() }).status === 0;
