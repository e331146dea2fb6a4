// Loaded into a process of ours before its own code (node --import): kills it with SIGKILL just before its n-th effect on the world, so that a test
// can let it die between any two of its steps. Effects are changes of files and cgroups, programs that are started, and everything that is written to
// sockets and pipes. SLIPWAY_DIE_AT is n; SIGUSR2 begins the counting.
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const require = createRequire(import.meta.url);
const at = Number(process.env.SLIPWAY_DIE_AT);
let left = Infinity;
process.on('SIGUSR2', () => { left = at; });

function effect() {
  if (left-- <= 1) process.kill(process.pid, 'SIGKILL');
}

function before<T extends object>(owner: T, name: keyof T) {
  const real = owner[name] as (...args: unknown[]) => unknown;
  owner[name] = function (this: unknown, ...args: unknown[]) {
    effect();
    return real.apply(this, args);
  } as T[keyof T];
}

const fs = require('node:fs') as Record<string, unknown>;
for (const name of ['mkdirSync', 'rmdirSync', 'rmSync', 'unlinkSync', 'writeFileSync', 'writeSync', 'fsyncSync', 'renameSync', 'chownSync', 'chmodSync', 'symlinkSync', 'cpSync']) before(fs, name);
before(require('node:child_process') as Record<string, unknown>, 'spawn');
before(Socket.prototype, 'write');
syncBuiltinESMExports();
