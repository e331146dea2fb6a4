// The root file system of a lab's host: what a learner finds when the terminal opens. Debian 13 with the stock docker command.
// Unpacked at <pool>/workstation/<sha256 of the archive>/ with shifted uids; the symlink `current` names the newest. Labs mount
// it read-only and idmapped, so an older one stays as long as a lab uses it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DOCKER_GID, LOGIN_USER } from '../../runtime/ids.ts';
import { assetsDir, workstationDir } from '../../runtime/paths.ts';
import { plainEnv, run } from './command.ts';
import { debianMirror, needKeyring, sourceLines } from './debian.ts';
import { bootstrapPercent, MMDEBSTRAP } from './library/debootstrap.ts';
import { unpackShifted } from './shifted.ts';
import type { Report } from './step.ts';

export const SUITE = 'trixie';
const PACKAGES = [
  'docker-cli', 'docker-buildx', 'docker-compose', 'crun',
  'iproute2', 'nftables', 'iptables', 'tcpdump', 'conntrack', 'iputils-ping', 'curl', 'ca-certificates', 'netcat-openbsd',
  'procps', 'psmisc', 'strace', 'libcap2-bin', 'util-linux', 'file', 'tree', 'less', 'jq', 'git', 'zstd',
  'sudo', 'adduser', 'vim-tiny', 'nano', 'bash-completion', 'ncurses-base', 'ncurses-term', 'hostname',
];
/** Files laid over the packages' own: shell, names of the host. */
const overlay = join(import.meta.dirname, 'workstation-root');
const NOT_NEEDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*', '/usr/share/doc-base/*'];

export async function workstationRecipe(): Promise<unknown> {
  const files = (await readdir(overlay, { recursive: true, withFileTypes: true })).filter(file => file.isFile()).map(file => join(file.parentPath, file.name)).sort();
  const texts = await Promise.all(files.map(async file => [file.slice(overlay.length), await readFile(file, 'utf8')]));
  return { version: 2, SUITE, PACKAGES, NOT_NEEDED, DOCKER_GID, texts };
}

/** The directory in use, or undefined before the first build. */
export async function currentWorkstation(): Promise<string | undefined> {
  const name = await readlink(join(workstationDir, 'current')).catch(() => undefined);
  const directory = name && join(workstationDir, name);
  return directory && await stat(directory).then(() => directory, () => undefined);
}

export async function buildWorkstation(report: Report): Promise<void> {
  await needKeyring();
  const temporary = join(assetsDir, 'tmp', 'workstation');
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  try {
    const archive = join(temporary, 'root.tar');
    await bootstrap(archive, temporary, report);
    report(88, 'unpacking the workstation');
    const name = await sha256Of(archive);
    const directory = join(workstationDir, name);
    if (!await stat(directory).then(() => true, () => false)) {
      const beside = join(workstationDir, `.${name}.new`);
      await rm(beside, { recursive: true, force: true });
      await mkdir(beside, { mode: 0o700 });
      await unpackShifted(archive, beside, { exclude: ['./dev/*'], xattrs: ['security.capability'] });
      await run(['sync', '--file-system', beside]);
      await rename(beside, directory);
    }
    const link = join(workstationDir, 'current.new');
    await rm(link, { force: true });
    await symlink(name, link);
    await rename(link, join(workstationDir, 'current'));
    await removeUnused(name);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function bootstrap(archive: string, temporary: string, report: Report): Promise<void> {
  // A copy, since the checkout may belong to anybody and mmdebstrap keeps owners.
  const files = join(temporary, 'files');
  await cp(overlay, files, { recursive: true });
  await run(['chmod', '-R', 'u=rwX,go=rX', files]);
  await run(['chown', '-R', '0:0', files]);
  const hook = (command: string) => `--customize-hook=${command}`;
  await run([...MMDEBSTRAP, '--format=tar', `--include=${PACKAGES.join(',')}`,
    ...NOT_NEEDED.map(path => `--dpkgopt=path-exclude=${path}`), '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    hook(`chroot "$1" groupadd --system --gid ${DOCKER_GID} docker`),
    hook(`sync-in ${files} /`),
    hook('chmod 0440 "$1/etc/sudoers.d/slipway"; cp "$1/etc/skel/.bashrc" "$1/etc/skel/.profile" "$1/root"; chmod 0700 "$1/root"'),
    hook(`chroot "$1" useradd --create-home --uid 1000 --user-group --groups docker,sudo --shell /bin/bash --comment Learner ${LOGIN_USER}`),
    hook('rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/etc/.pwd.lock "$1"/var/lib/dpkg/*-old "$1"/etc/*- "$1"/etc/machine-id'),
    hook('mkdir -p "$1/var/lib/docker" "$1/.slipway/toolbox" "$1/run/slipway"'),
    SUITE, archive, ...sourceLines(await debianMirror(), SUITE),
  ], { env: plainEnv({ TMPDIR: temporary, SOURCE_DATE_EPOCH: '1750000000' }), onLine: line => bootstrapPercent(line, (percent, words) => report(percent * 0.85, words)) });
}

/** Older ones go after the next boot: a lab's root has them as the lower layer of an overlay, which no list of mounts tells of. */
async function removeUnused(current: string): Promise<void> {
  const booted = Date.now() - uptime() * 1000;
  await rm(join(workstationDir, `.${current}.replaced`), { force: true });
  for (const name of await readdir(workstationDir)) {
    if (name === 'current' || name === current || name.startsWith('.')) continue;
    const mark = join(workstationDir, `.${name}.replaced`);
    const replaced = await stat(mark).then(found => found.mtimeMs, () => undefined);
    if (replaced === undefined) await writeFile(mark, '');
    else if (replaced < booted) for (const path of [join(workstationDir, name), mark]) await rm(path, { recursive: true, force: true });
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
