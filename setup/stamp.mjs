// "Have the inputs changed?" A stamp is the hash of what a step was made from, kept under dist/.stamps and written only after the step succeeded.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './shell.mjs';

const stampsDir = join(root, 'dist', '.stamps');

/** Hash of files and whole folders of the checkout (names and contents); what does not exist counts as absent, not as an error. */
export function hashOf(paths, { skip = () => false } = {}) {
  const hash = createHash('sha256');
  for (const path of paths) addPath(hash, path, skip);
  return hash.digest('hex');
}

function addPath(hash, path, skip) {
  const full = join(root, path);
  const stat = statSync(full, { throwIfNoEntry: false });
  if (!stat || skip(path)) return;
  if (stat.isDirectory()) {
    for (const name of readdirSync(full).sort()) addPath(hash, join(path, name), skip);
  } else {
    hash.update(`${path}\0${stat.size}\0`).update(readFileSync(full));
  }
}

export function isStamped(name, hash) {
  try {
    return readFileSync(join(stampsDir, name), 'utf8') === hash;
  } catch {
    return false; // never made
  }
}

export function stamp(name, hash) {
  mkdirSync(stampsDir, { recursive: true });
  writeFileSync(join(stampsDir, name), hash);
}
