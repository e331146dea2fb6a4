// Debian packages: what is needed, why, and installing what is missing. The package lists are refreshed only when something has to be installed.
import { spawnSync } from 'node:child_process';
import { permitted } from './doctor/egress.mjs';
import { SetupError } from './error.mjs';
import { asRoot, childEnv, run } from './shell.mjs';

/** name → why. */
const needed = {
  'btrfs-progs': 'the disk pool that every lab has its quota on',
  'ca-certificates': 'a mirror of Debian may be reached by HTTPS',
  'debian-archive-keyring': "the keys that Debian's packages are signed with",
  gcc: 'builds the small native program that enters labs',
  'libc6-dev': 'headers for it',
  'libseccomp-dev': "compiles the labs' system call filters",
  mmdebstrap: "builds the labs' workstation and the image library from Debian's packages",
  mount: 'mounts the pool',
  patchelf: "gives the labs' toolbox its own loader",
};
/** Only where the operator permits labs something outside. */
const neededForEgress = {
  'dnsmasq-base': 'answers labs about the names that they may reach',
  iproute2: 'makes their links',
  nftables: 'lets nothing else through',
  slirp4netns: 'carries it without any right on this machine',
};
const neededForTests = {
  ...neededForEgress,
  attr: 'reads what is written beside files',
  chromium: 'walks a lesson as a learner would',
  'fonts-dejavu-core': 'letters for it',
  jq: 'picks from JSON what recorded answers are about',
  postgresql: 'the other database that Slipway runs on',
  'python3-docker': "Docker's library for Python, which labs have to please",
};

const wantedFor = command => (command === 'test' ? { ...needed, ...neededForTests } : permitted().length ? { ...needed, ...neededForEgress } : needed);

export function missingPackages(command) {
  const there = installed();
  return Object.keys(wantedFor(command)).filter(name => !there.has(name));
}

export async function installPackages({ command, reporter }) {
  const wanted = wantedFor(command);
  const missing = missingPackages(command);
  if (!missing.length) return reporter.skipped('Debian packages');
  const env = childEnv({ DEBIAN_FRONTEND: 'noninteractive' });
  const apt = (...args) => asRoot(['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-q', '-o', 'DPkg::Lock::Timeout=120', ...args]);
  console.log(`Debian packages to install:\n${missing.map(name => `  ${name.padEnd(18)}${wanted[name]}`).join('\n')}`);
  await reporter.step('refresh the package lists', () => run(apt('update'), { env, failure: 'apt-get update failed' }));
  await reporter.step(`install ${missing.length} Debian package${missing.length > 1 ? 's' : ''}`, update =>
    run(apt('-o', 'APT::Status-Fd=1', 'install', '-y', '--no-install-recommends', ...missing), {
      env,
      failure: 'apt-get install failed',
      onLine: line => {
        const status = /^(dlstatus|pmstatus):[^:]*:([\d.]+):(.*)$/.exec(line);
        if (status) update(Number(status[2]) / 2 + (status[1] === 'pmstatus' ? 50 : 0), status[3]);
      },
    }));
  const still = missingPackages(command);
  if (still.length) throw new SetupError(`These Debian packages could not be installed: ${still.join(', ')}.`);
}

function installed() {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status} ${Package}\n'], { encoding: 'utf8', maxBuffer: 16 << 20 });
  return new Set(stdout.split('\n').filter(line => line.startsWith('installed ')).map(line => line.slice('installed '.length)));
}
