// Makes dynamic programs run from a directory of their own, with their own loader and libraries, wherever the directory is seen.
// Called for the toolbox (seen inside labs) and for the docker clients that tests run on this machine.
import { chmod, copyFile, mkdir, readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './command.ts';

export type Bundle = {
  /** The tree whose programs and libraries are taken, such as the workstation's. */
  from: string;
  /** Where bin/, lib/ and ld.so are written, and where that directory is seen when they run. */
  to: string;
  seenAt: string;
  /** Paths of programs in the tree. */
  programs: string[];
  /** Programs from elsewhere on this machine, which find their libraries in the tree. */
  others?: string[];
  /** Further directories with libraries. */
  libraries?: string[];
};

/** Copies the programs and every library they need (transitively). Files are left read-only for everybody. */
export async function bundle({ from, to, seenAt, programs, others = [], libraries = [] }: Bundle): Promise<void> {
  await mkdir(join(to, 'bin'), { recursive: true });
  await mkdir(join(to, 'lib'), { recursive: true });
  const directories = [...await libraryDirectories(from), ...libraries];
  const copied = new Set<string>();
  for (const program of [...programs, ...others]) {
    const target = join(to, 'bin', basename(program));
    await copyFile(others.includes(program) ? program : await inTree(from, program), target);
    await chmod(target, 0o755);
    const interpreter = await run(['patchelf', '--print-interpreter', target]).catch(() => undefined);
    if (interpreter === undefined) continue; // static
    await copyLoader(await inTree(from, interpreter.trim()), join(to, 'ld.so'), seenAt);
    await copyLibraries(target);
    // An rpath, not a runpath: it holds for the libraries' own needs too.
    await run(['patchelf', '--force-rpath', '--set-interpreter', `${seenAt}/ld.so`, '--set-rpath', `${seenAt}/lib`, '--no-default-lib', target]);
    await chmod(target, 0o555);
  }

  async function copyLibraries(file: string): Promise<void> {
    for (const name of (await run(['patchelf', '--print-needed', file])).split('\n').filter(Boolean)) {
      if (copied.has(name)) continue;
      copied.add(name);
      const source = await find(directories, name);
      const target = join(to, 'lib', name);
      await copyFile(source, target);
      await chmod(target, 0o444);
      await copyLibraries(target);
    }
  }
}

/**
 * The loader reads names of files to preload, a cache and default directories from fixed paths. In a lab those belong to the
 * learner, so they are replaced in the copy, byte for byte: nothing of the learner's is loaded into a program of ours.
 */
async function copyLoader(source: string, target: string, seenAt: string): Promise<void> {
  const bytes = await readFile(source);
  const nowhere = (length: number) => '/sys'.padEnd(length, '/'); // a file system in which nobody makes a file
  let preloads = 0;
  for (const [pattern, replacement] of [
    ['/etc/ld.so.preload', nowhere], ['/etc/ld.so.cache', nowhere],
    ...libraryDirectoriesOf(bytes).map(directory => [directory, (length: number) => `${seenAt}/lib`.length < length ? `${seenAt}/lib`.padEnd(length, '/') : nowhere(length)] as const),
  ] as const) {
    const old = Buffer.from(`${pattern}\0`);
    for (let at = bytes.indexOf(old); at !== -1; at = bytes.indexOf(old, at + 1)) {
      if (at > 0 && bytes[at - 1] !== 0) continue; // the tail of a longer string
      bytes.write(replacement(pattern.length), at, 'latin1');
      if (pattern.endsWith('preload')) preloads++;
    }
  }
  if (preloads === 0) throw new Error(`${source} is not the loader that set-up knows: it names no /etc/ld.so.preload.`);
  await writeFile(target, bytes, { mode: 0o755 });
  await chmod(target, 0o555);
}

/** The default directories as the loader has them, one string after the other, each ending in a slash. */
function libraryDirectoriesOf(loader: Buffer): string[] {
  const found = loader.toString('latin1').match(/\/lib\/[a-z0-9_-]+-linux-gnu[a-z0-9]*\/\0\/usr\/lib\/[a-z0-9_-]+-linux-gnu[a-z0-9]*\/\0\/lib(64)?\/\0\/usr\/lib(64)?\/\0/);
  if (!found) throw new Error('the loader\'s default library directories are not where they were');
  return found[0].split('\0').filter(Boolean);
}

async function libraryDirectories(tree: string): Promise<string[]> {
  const below = (await readdir(join(tree, 'usr/lib'))).filter(name => /-linux-gnu/.test(name)).map(name => join(tree, 'usr/lib', name));
  return [...below, join(tree, 'usr/lib')];
}

async function find(directories: string[], name: string): Promise<string> {
  for (const directory of directories) {
    const path = join(directory, name);
    if (await stat(path).then(s => s.isFile(), () => false)) return path;
  }
  throw new Error(`library ${name} is not in ${directories.join(' or ')}`);
}

/** A file of the tree; links must stay in it. Without base-files there is no /lib64, only what it is a link to. */
async function inTree(tree: string, path: string): Promise<string> {
  const resolved = await realpath(join(tree, path)).catch(() => realpath(join(tree, 'usr', path)));
  if (!resolved.startsWith(`${await realpath(tree)}/`)) throw new Error(`${path} leaves ${tree}`);
  return resolved;
}
