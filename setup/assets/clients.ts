// The stock docker commands that tests drive labs' sockets with from this machine: Debian 13's (as in the workstation) and Debian
// unstable's, and Debian 13's buildx. Each runs from its own directory with its own loader and libraries, whatever this machine's are.
import { mkdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { assetsDir } from '../../runtime/paths.ts';
import { run } from './command.ts';
import { bundle } from './elf.ts';
import { openApt, unpackDebs } from './packages.ts';
import { currentWorkstation } from './workstation.ts';
import type { Report } from './step.ts';

const clientsDir = join(assetsDir, 'clients');
type Program = 'docker-26' | 'docker-28' | 'docker-buildx';
/** A link into the program's bundle, docker-26.d, docker-28.d or docker-buildx.d. */
export const clientProgram = (name: Program) => join(clientsDir, name);

export async function clientsRecipe(): Promise<unknown> {
  return { version: 3, workstation: await currentWorkstation() };
}

export async function clientsPresent(): Promise<boolean> {
  const all = await Promise.all((['docker-26', 'docker-28', 'docker-buildx'] as const).map(name => stat(clientProgram(name)).then(() => true, () => false)));
  return all.every(Boolean);
}

export async function buildClients(report: Report): Promise<void> {
  const workstation = await currentWorkstation();
  if (!workstation) throw new Error('the workstation has to be built before the clients');
  report(5, 'taking docker 26 from the workstation');
  await install('docker-26', '26.', workstation, '/usr/bin/docker');
  await install('docker-buildx', '0.', workstation, '/usr/libexec/docker/cli-plugins/docker-buildx');
  const work = join(assetsDir, 'tmp/clients');
  await rm(work, { recursive: true, force: true });
  try {
    report(20, 'fetching docker 28');
    const apt = await openApt(join(work, 'apt'), 'sid', { allowExpired: true }); // mirrors that keep snapshots have an unstable of some weeks ago
    const tree = join(work, 'tree');
    await unpackDebs(await apt.download(['docker-cli']), tree);
    await install('docker-28', '28.', tree, '/usr/bin/docker');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Built beside and renamed; what does not say the version it is named for is refused. */
async function install(name: Program, version: string, tree: string, program: string): Promise<void> {
  const directory = join(clientsDir, `${name}.d`);
  await mkdir(clientsDir, { recursive: true });
  const beside = `${directory}.new`;
  await rm(beside, { recursive: true, force: true });
  await bundle({ from: tree, to: beside, seenAt: directory, programs: [program] });
  await run(['chown', '-R', '0:0', beside]);
  await rm(directory, { recursive: true, force: true });
  await rename(beside, directory);
  await rm(clientProgram(name), { recursive: true, force: true });
  await symlink(`${name}.d/bin/${basename(program)}`, clientProgram(name));
  const says = await run([clientProgram(name), name === 'docker-buildx' ? 'version' : '--version']);
  if (!says.includes(` ${version}`)) {
    await rm(directory, { recursive: true, force: true });
    throw new Error(`Debian's docker command is not the version that ${name} stands for: ${says.trim()}`);
  }
}
