// `npm ci`, skipped when what is installed is what package-lock.json asks for (compared entry by entry with the record that npm leaves
// in node_modules, so that an interrupted or foreign installation is noticed).
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { childEnv, node, root, run } from './shell.mjs';

export async function installNodeModules({ reporter }) {
  const lock = readLock('package-lock.json');
  if (isInstalled(lock)) return reporter.skipped('npm packages');
  const folders = Object.entries(lock).filter(([path, entry]) => path && !entry.optional).map(([path]) => path);
  await reporter.step('install npm packages', async update => {
    const count = setInterval(() => update((100 * folders.filter(path => existsSync(join(root, path, 'package.json'))).length) / folders.length), 1000);
    try {
      // npm must not run under the Node that it is about to replace.
      const path = (process.env.PATH ?? '').split(delimiter).filter(dir => !dir.startsWith(join(root, 'node_modules'))).join(delimiter);
      await run(['npm', 'ci', '--no-audit', '--no-fund'], { env: childEnv({ PATH: path, NODE_ENV: 'development' }), failure: 'npm ci failed' });
    } finally {
      clearInterval(count);
    }
  });
}

function isInstalled(lock) {
  return existsSync(node) && compareLocks(lock, readLock('node_modules/.package-lock.json'));
}

/** True when every package of the lock is installed in that version (what is optional may be absent), and no other. */
export function compareLocks(lock, installed) {
  const same = (path, entry) => installed[path]?.version === entry.version && installed[path]?.integrity === entry.integrity;
  return Object.keys(installed).length > 0
    && Object.entries(lock).every(([path, entry]) => !path || same(path, entry) || (entry.optional && !installed[path]))
    && Object.keys(installed).every(path => path in lock);
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(join(root, file), 'utf8')).packages ?? {};
  } catch {
    return {};
  }
}
