// The few things without which nothing can work, checked before anything is installed. Each failure is one sentence that says what to do.
// What merely degrades Slipway is the doctor's business (setup/doctor).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { SetupError } from './error.mjs';
import { have, isRoot } from './shell.mjs';

export function checkMachine() {
  const problem = machineProblem();
  if (problem) throw new SetupError(problem);
}

/** What makes this machine unfit, in one sentence, or undefined. */
export function machineProblem() {
  if (process.platform !== 'linux') return `Slipway needs Linux, because its labs are made of the Linux kernel's namespaces; this is ${process.platform}. A small Debian virtual machine will do.`;
  if (!['x64', 'arm64'].includes(process.arch)) return `Slipway runs on 64-bit x86 and ARM; this machine is ${process.arch}.`;
  if (!existsSync('/etc/debian_version') || !have('apt-get')) return 'Slipway installs what it needs with apt-get, so it needs Debian 12 or later, or Ubuntu 24.04 or later.';
  return privilegeProblem({ ask: true }) ?? userNamespaceProblem();
}

/** With `ask`, sudo may ask for the password now, so that it need not later. */
export function privilegeProblem({ ask }) {
  if (isRoot) return undefined;
  if (!have('sudo')) return 'Slipway sets up labs as root: run npm start as root, or install sudo.';
  if (ask && spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status !== 0) return 'Slipway sets up labs as root, and sudo refused: run npm start as root.';
  return undefined;
}

/** Really makes a user namespace as an ordinary user would, for a file that says yes is not yet a namespace that works. */
export function userNamespaceProblem() {
  const limit = read('/proc/sys/user/max_user_namespaces');
  if (limit === undefined) return 'This kernel has no user namespaces (CONFIG_USER_NS), which every lab is made of: use a stock Debian kernel.';
  if (limit === '0') return 'User namespaces are switched off on this machine: set user.max_user_namespaces to 15000 with sysctl.';
  const argv = ['unshare', '--user', '--map-root-user', '--mount', 'true'];
  const tried = isRoot ? spawnSync('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...argv], { encoding: 'utf8' }) : spawnSync(argv[0], argv.slice(1), { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  if (read('/proc/sys/kernel/unprivileged_userns_clone') === '0') return 'User namespaces are reserved to root on this machine: set kernel.unprivileged_userns_clone to 1 with sysctl.';
  if (read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') return "AppArmor forbids user namespaces on this machine, as Ubuntu's default is: set kernel.apparmor_restrict_unprivileged_userns to 0 with sysctl.";
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) return 'This container does not allow user namespaces: run Slipway on a machine of its own, or give the container --privileged.';
  return `A user namespace cannot be made on this machine (${(tried.stderr || String(tried.error ?? '')).trim().split('\n')[0]}): Slipway's labs are made of them, so it cannot run here.`;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
