// The distribution server that serves the image library to whoever speaks its protocol: Debian's docker-registry, its configuration, and its storage, which
// is the library itself seen differently: every blob is a hard link, what tags mean are small files. Unpacked, not installed: the package would start a
// server of its own on a port of the machine. Run by the supervisor (runtime/supervisor.ts) as a user of its own, on a unix socket, read-only.
import { copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { hexOf } from '../../runtime/content/digest.ts';
import { openLayout } from '../../runtime/content/layout.ts';
import { manifestSchema, REF_NAME } from '../../runtime/content/oci.ts';
import { libraryDir, registryDir } from '../../runtime/paths.ts';
import { parseReference } from '../../runtime/image/reference.ts';
import { openApt, unpackDebs } from './packages.ts';
import type { Report } from './step.ts';

/** Its C library is no newer than that of any machine we run on. */
const SUITE = 'bookworm';
const program = join(registryDir, 'docker-registry');
const storage = join(registryDir, 'storage');

/** Where it listens is the supervisor's to say. */
const CONFIGURATION = `version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: ${storage}}
  maintenance: {readonly: {enabled: true}, uploadpurging: {enabled: false}}
http: {secret: nothing is ever uploaded, headers: {X-Content-Type-Options: [nosniff]}}
`;

export const registryRecipe = async (): Promise<unknown> => ({ version: 1, suite: SUITE, configuration: CONFIGURATION });
export const registryPresent = () => stat(program).then(() => true, () => false);

export async function buildRegistryServer(report: Report): Promise<void> {
  await mkdir(registryDir, { recursive: true, mode: 0o755 });
  const work = join(registryDir, '.new');
  await rm(work, { recursive: true, force: true });
  try {
    report(10, 'fetching docker-registry');
    const apt = await openApt(join(work, 'apt'), SUITE, { allowExpired: true });
    await unpackDebs(await apt.download(['docker-registry'], { alone: true }), join(work, 'tree'));
    await copyFile(join(work, 'tree/usr/share/doc/docker-registry/copyright'), join(registryDir, 'copyright'));
    await writeFile(join(registryDir, 'config.yml'), CONFIGURATION, { mode: 0o644 });
    await rename(join(work, 'tree/usr/bin/docker-registry'), program);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export const storageRecipe = async (): Promise<unknown> => ({ version: 1, index: await readFile(join(libraryDir, 'index.json'), 'utf8') });
export const storagePresent = () => stat(join(storage, 'docker')).then(() => true, () => false);

/** https://github.com/distribution/distribution/blob/v2.8.2/registry/storage/paths.go */
export async function buildStorage(): Promise<void> {
  const layout = openLayout(libraryDir);
  const beside = `${storage}.new`;
  await rm(beside, { recursive: true, force: true });
  const root = join(beside, 'docker/registry/v2');
  await mkdir(join(root, 'repositories'), { recursive: true });
  const blob = async (digest: string) => {
    const hex = hexOf(digest);
    const place = join(root, 'blobs/sha256', hex.slice(0, 2), hex, 'data');
    await mkdir(dirname(place), { recursive: true });
    await link(join(libraryDir, 'blobs/sha256', hex), place).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error; });
  };
  const pointer = async (place: string, digest: string) => {
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'link'), digest);
  };
  for (const descriptor of (await layout.index()).manifests) {
    const name = descriptor.annotations?.[REF_NAME];
    if (name === undefined) continue;
    const { path, tag } = parseReference(name);
    const manifest = await layout.json(descriptor, manifestSchema);
    const repository = join(root, 'repositories', path);
    const hex = hexOf(descriptor.digest);
    for (const { digest } of [descriptor, manifest.config, ...manifest.layers]) await blob(digest);
    for (const { digest } of [manifest.config, ...manifest.layers]) await pointer(join(repository, '_layers/sha256', hexOf(digest)), digest);
    await pointer(join(repository, '_manifests/revisions/sha256', hex), descriptor.digest);
    await pointer(join(repository, '_manifests/tags', tag ?? 'latest', 'current'), descriptor.digest);
    await pointer(join(repository, '_manifests/tags', tag ?? 'latest', 'index/sha256', hex), descriptor.digest);
  }
  await rm(`${storage}.old`, { recursive: true, force: true });
  if ((await readdir(registryDir)).includes('storage')) await rename(storage, `${storage}.old`);
  await rename(beside, storage);
  await rm(`${storage}.old`, { recursive: true, force: true });
}
