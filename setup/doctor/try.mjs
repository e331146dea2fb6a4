// Trying things out: a program with its answer, as ourselves or as nobody; a scratch directory; the C probe. Everything is cleaned up by whoever asks.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { childEnv, have, isRoot, root } from '../shell.mjs';

/** @returns {{ ok: boolean, said: string }} */
export function attempt(argv, { input = '' } = {}) {
  const { status, stdout, stderr, error } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', env: childEnv({ LC_ALL: 'C' }), input, timeout: 20_000 });
  return { ok: status === 0, said: error ? error.message : (stderr.trim() || stdout.trim()).split('\n')[0] ?? '' };
}

/** Without any privilege, as a lab's root is without on the machine. */
export const attemptUnprivileged = argv => attempt(isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--', ...argv] : argv);

/** Calls `work` with a scratch directory that everybody may use, on a disk rather than in memory. */
export async function withScratch(work) {
  const dir = mkdtempSync('/var/tmp/slipway-doctor-');
  try {
    chmodSync(dir, 0o777);
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The C probe with a word of what to probe; undefined when it cannot be built here. */
export const probe = (...args) => withScratch(dir => {
  if (!have('gcc')) return undefined;
  const built = attempt(['gcc', '-O1', '-o', join(dir, 'probe'), join(root, 'setup', 'doctor', 'probe.c')]);
  return built.ok ? attempt([join(dir, 'probe'), ...args]) : undefined;
});

export function read(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined; // not there, or not for us
  }
}
