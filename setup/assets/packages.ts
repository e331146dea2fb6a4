// Fetches single Debian packages of any suite, with their signatures checked by apt, without touching the machine's own apt or dpkg.
// A private apt lives below the directory it is given; nothing is installed, packages are only unpacked (no maintainer script runs).
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnv, run } from './command.ts';
import { debianMirror, sourceLines, type Mirror } from './debian.ts';
import { currentWorkstation } from './workstation.ts';

export type PrivateApt = {
  /** Downloads the packages and what they depend on (`alone`: just them), and gives the files' paths. */
  download: (packages: string[], options?: { alone?: boolean }) => Promise<string[]>;
  /** The same into a directory that is kept: what lies there already is not downloaded again, what no longer belongs there goes. */
  downloadTo: (directory: string, packages: readonly string[]) => Promise<string[]>;
  release: () => Promise<void>;
};

/** `dpkgStatus` is a system's list of installed packages; what it has is not downloaded again. `allowExpired` takes a mirror's old state (its signature still counts). */
export async function openApt(directory: string, suite: string, options: { dpkgStatus?: string; allowExpired?: boolean } = {}): Promise<PrivateApt> {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'etc/apt.conf.d']) await mkdir(join(directory, part), { recursive: true });
  await writeFile(join(directory, 'empty'), '');
  await writeFile(join(directory, 'sources.list'), `${sourceLines(await knownMirror(), suite).join('\n')}\n`);
  await writeFile(join(directory, 'apt.conf'), [
    `Dir::Etc "${directory}/etc"; Dir::Etc::sourcelist "${directory}/sources.list"; Dir::Etc::sourceparts "/nonexistent";`,
    `Dir::State "${directory}/state"; Dir::State::status "${options.dpkgStatus ?? `${directory}/empty`}"; Dir::Cache "${directory}/cache";`,
    'Acquire::Languages "none"; APT::Install-Recommends "false"; APT::Sandbox::User "root"; Debug::NoLocking "true";',
    ...(options.allowExpired ? ['Acquire::Check-Valid-Until "false";'] : []), '',
  ].join('\n'));
  const env = plainEnv({ APT_CONFIG: join(directory, 'apt.conf') });
  await run(['apt-get', 'update', '-q'], { env });

  return {
    async download(packages, { alone = false } = {}) {
      const archives = join(directory, 'debs', packages.join('+'));
      await mkdir(join(archives, 'partial'), { recursive: true });
      if (alone) await run(['apt-get', 'download', '-q', ...packages], { env, cwd: archives });
      else await run(['apt-get', 'install', '-y', '-q', '--download-only', '-o', `Dir::Cache::archives=${archives}/`, ...packages], { env });
      return (await readdir(archives)).filter(name => name.endsWith('.deb')).sort().map(name => join(archives, name));
    },
    async downloadTo(kept, packages) {
      await mkdir(join(kept, 'partial'), { recursive: true });
      const nowhere = join(directory, 'nowhere');
      await mkdir(join(nowhere, 'partial'), { recursive: true });
      // 'address' name size digest, a line each
      const wanted = (await run(['apt-get', 'install', '-y', '-q', '--print-uris', '-o', `Dir::Cache::archives=${nowhere}/`, ...packages], { env })).split('\n').flatMap(line => /^'\S+' (\S+\.deb) /.exec(line)?.[1] ?? []);
      for (const name of await readdir(kept)) if (name !== 'partial' && !wanted.includes(name)) await rm(join(kept, name), { force: true });
      await run(['apt-get', 'install', '-y', '-q', '--download-only', '-o', `Dir::Cache::archives=${kept}/`, ...packages], { env });
      return wanted.map(name => join(kept, name));
    },
    release: () => rm(directory, { recursive: true, force: true }),
  };
}

export async function unpackDebs(debs: string[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const deb of debs) await run(['dpkg-deb', '--extract', deb, directory]);
}

/** A package file's field, such as Version. */
export const debField = async (deb: string, field: string) => (await run(['dpkg-deb', '--field', deb, field])).trim();

/** This machine's mirror, else the one that mmdebstrap chose by itself and wrote into the workstation. */
async function knownMirror(): Promise<Mirror> {
  const workstation = await currentWorkstation();
  const mirror = await debianMirror() ?? (workstation && await debianMirror(join(workstation, 'etc/apt')));
  if (!mirror) throw new Error('No Debian mirror is known: set SLIPWAY_DEBIAN_MIRROR to one, such as your country\'s.');
  return mirror;
}
