// The key that signs cookies: made at the first start, kept in the web process's own folder, readable by it alone.
// Deleting the file makes every learner a stranger; that is the way to sign everybody out.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 32;

export function loadSecret(dir: string): Buffer {
  const file = join(dir, 'cookie-secret');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  try {
    return read(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // Written beside and linked into place: nobody ever reads half a key, and of two first starts one wins.
  const beside = `${file}.${process.pid}`;
  const fd = openSync(beside, 'wx', 0o600);
  try {
    writeSync(fd, randomBytes(BYTES));
    fsyncSync(fd);
    linkSync(beside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(fd);
    rmSync(beside);
  }
  return read(file);
}

function read(file: string): Buffer {
  const secret = readFileSync(file);
  if (secret.length !== BYTES) throw new Error(`${file} is damaged: remove it to make a new one (learners then start anew)`);
  return secret;
}
