// Fetches npm for the image of Node.js from npm's registry, where set-up's own packages come from, too: Debian's package brings 380 others, 155 MB.
// What is kept is checked like what was fetched. Called by dockerfiles.ts.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assetsDir } from '../../../runtime/paths.ts';
import { plainEnv, run } from '../command.ts';

export type Npm = { version: string; /** As package-lock.json has it. */ integrity: string };

/** Of use to nobody in an image. */
const LEFT_OUT = ['docs', 'man'];

/** Unpacks npm into `directory`, which is not there yet. */
export async function unpackNpm({ version, integrity }: Npm, directory: string): Promise<void> {
  const archive = join(assetsDir, 'cache/packages', `npm-${version}.tgz`);
  const isWhole = async (path: string) => `sha512-${createHash('sha512').update(await readFile(path)).digest('base64')}` === integrity;
  if (!(await isWhole(archive).catch(() => false))) {
    const beside = `${directory}.fetched`;
    await mkdir(beside, { recursive: true });
    const settings = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^npm_config_(registry|cafile|.*proxy)$/i.test(name)));
    await run(['npm', 'pack', '--silent', '--pack-destination', beside, `npm@${version}`], { env: plainEnv({ ...settings, ...(process.env.HOME ? { HOME: process.env.HOME } : {}) } as Record<string, string>) });
    const fetched = join(beside, `npm-${version}.tgz`);
    if (!(await isWhole(fetched))) throw new Error(`npm ${version} is not what it was when this was written`);
    await mkdir(join(archive, '..'), { recursive: true });
    await rename(fetched, archive);
    await rm(beside, { recursive: true });
  }
  await mkdir(directory);
  await run(['tar', '--extract', '--file', archive, '--directory', directory, '--strip-components=1', '--no-same-owner', ...LEFT_OUT.map(name => `--exclude=package/${name}`)]);
  // Node.js comes from Debian to /usr; what is installed globally goes where the well-known image has it. There may be no network to ask for updates.
  await writeFile(join(directory, 'npmrc'), 'prefix=/usr/local\nupdate-notifier=false\nfund=false\naudit=false\n');
}
