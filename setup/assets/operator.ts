// `slipway image add | ls | rm`: images of the operator's own in the library, from what `docker save` writes or from a folder with a Dockerfile.
// Started by bin/slipway from the checkout, as root. Labs that run see them at once.
import { createReadStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { pipeline, type Readable } from 'node:stream';
import { printTable } from '../../runtime/cli/table.ts';
import { manifestSchema, imageConfigSchema, REF_NAME, UNPACKED_SIZE } from '../../runtime/content/oci.ts';
import { DEFAULT_DOMAIN, familiarString, parseReference, withDefaultTag } from '../../runtime/image/reference.ts';
import { assetsDir } from '../../runtime/paths.ts';
import { openBuilder } from './library/builder.ts';
import { architecture, entries, layout, OPERATORS, publish, removeUnusedBlobs, writeIndex, type BuiltImage, type ImageLayer } from './library/layout.ts';
import { readSaved, type SavedImage } from './library/saved.ts';
import { lock } from './lock.ts';
import { isMounted, mountPool } from './pool.ts';
import { runStep } from './step.ts';
import { afterLibrary } from './steps.ts';

const USAGE = `usage: slipway image COMMAND

  add FILE [--tag NAME]     images that docker save has written, also under gzip
  add FOLDER --tag NAME     the image of the folder's Dockerfile; FROM takes images of the library
  ls [--json]               all images that labs can pull
  rm NAME…                  remove images of yours; labs that have pulled one keep it
`;
const work = join(assetsDir, 'tmp/image');
class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`slipway: ${error instanceof Error ? error.message : String(error)}\n${usage ? `\n${USAGE}` : ''}`);
  process.exitCode = usage ? 2 : 1;
}

async function main([verb, ...rest]: string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: rest, options: { tag: { type: 'string' }, json: { type: 'boolean' } }, allowPositionals: true, strict: true });
  if (verb === '--help' || verb === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (verb === 'ls' && positionals.length === 0) return list(values.json === true);
  if (verb === 'add' && positionals.length === 1) return asRoot(() => add(resolve(positionals[0]!), values.tag));
  if (verb === 'rm' && positionals.length > 0) return asRoot(() => remove(positionals.map(nameOf)));
  throw new UsageError(verb && ['add', 'ls', 'rm'].includes(verb) ? 'too many or too few words' : verb ? `there is no command "image ${verb}"` : 'image needs a verb');
}

/** One at a time with set-up, since both write the index. */
async function asRoot(change: () => Promise<number>): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error('the library is root\'s: try again with sudo');
  const release = await lock(join(assetsDir, '.lock'), () => console.error('waiting for a set-up that runs'));
  try {
    if (!await isMounted()) await mountPool();
    await rm(work, { recursive: true, force: true });
    await mkdir(work, { recursive: true, mode: 0o700 });
    return await change();
  } finally {
    await rm(work, { recursive: true, force: true });
    await release();
  }
}

async function add(path: string, tag: string | undefined): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new Error(`there is no ${path}`);
  if (found.isDirectory() && tag === undefined) throw new UsageError(`which name? slipway image add ${basename(path)} --tag NAME`);
  const known = await layersByDiffId();
  const read = (archive: Readable) => readSaved(archive, work, { skip: diffId => known.has(diffId) });
  const saved = found.isDirectory() ? await buildFolder(path, tag!, read) : await read(await opened(path)).catch((cause: unknown) => { throw new Error(`${path} is not what docker save writes: ${cause instanceof Error ? cause.message : String(cause)}`, { cause }); });
  if (tag !== undefined && saved.length !== 1) throw new Error(`--tag names one image, but ${path} has ${saved.length}`);
  const images = saved.map(image => toPublish(image, tag === undefined ? image.tags : [tag], known));
  const builtIn = new Set((await entries()).filter(entry => !entry.annotations?.[OPERATORS]).map(entry => entry.annotations?.[REF_NAME]));
  const taken = images.flatMap(image => image.tags).find(name => builtIn.has(name));
  if (taken !== undefined) throw new Error(`${taken} comes with Slipway: give yours another name with --tag`);
  await publish(images, () => false);
  await settle();
  for (const name of images.flatMap(image => image.tags)) console.log(name);
  return 0;
}

/** The same steps as at a set-up, for what the index now says. */
async function settle(): Promise<void> {
  const log = console.log;
  console.log = () => {}; // their progress is for set-up's bar
  try {
    for (const step of afterLibrary) await runStep(step);
  } finally {
    console.log = log;
  }
}

async function buildFolder<T>(folder: string, tag: string, read: (archive: Readable) => Promise<T>): Promise<T> {
  nameOf(tag);
  await stat(join(folder, 'Dockerfile')).catch(() => { throw new Error(`${folder} has no Dockerfile`); });
  const builder = await openBuilder();
  try {
    await builder.docker(['build', '--progress=plain', '--tag', tag, folder], line => console.error(line));
    return await builder.save([tag], read);
  } finally {
    await builder.release();
  }
}

async function opened(path: string): Promise<Readable> {
  const bytes = createReadStream(path, { highWaterMark: 1 << 20 });
  const { value } = await createReadStream(path, { end: 1 })[Symbol.asyncIterator]().next() as { value?: Buffer };
  return value?.readUInt16BE() === 0x1f8b ? pipeline(bytes, createGunzip(), () => {}) : bytes; // a failure destroys the last, whose reader sees it
}

function toPublish(image: SavedImage, names: readonly string[], known: ReadonlyMap<string, ImageLayer>): BuiltImage {
  if (names.length === 0) throw new Error('the archive names no image: give it a name with --tag');
  if (image.config.os !== 'linux' || image.config.architecture !== architecture()) throw new Error(`${names[0]} is for ${image.config.os}/${image.config.architecture}; labs run linux/${architecture()}`);
  const fresh = [...image.layers];
  return { tags: names.map(nameOf), configText: image.configText, layers: image.config.rootfs.diff_ids.map(diffId => known.get(diffId) ?? fresh.shift()!), annotations: { [OPERATORS]: 'yes' } };
}

/** Labs ask the library for Docker Hub's names; all others they look for at the registry that the name says. */
function nameOf(text: string): string {
  const reference = parseReference(text);
  if (reference.digest !== undefined) throw new Error(`${text}: give a name with a tag, not a digest`);
  if (reference.domain !== DEFAULT_DOMAIN) throw new Error(`labs look for ${text} at ${reference.domain}: give it a name without a registry with --tag`);
  return familiarString(withDefaultTag(reference));
}

async function layersByDiffId(): Promise<Map<string, ImageLayer>> {
  const known = new Map<string, ImageLayer>();
  for (const entry of await entries()) {
    const manifest = await layout.json(entry, manifestSchema);
    const { rootfs } = await layout.json(manifest.config, imageConfigSchema);
    for (const [at, diffId] of rootfs.diff_ids.entries()) known.set(diffId, { descriptor: manifest.layers[at]!, diffId });
  }
  return known;
}

async function list(json: boolean): Promise<number> {
  const rows = await Promise.all((await entries()).map(async entry => {
    const manifest = await layout.json(entry, manifestSchema);
    const size = manifest.layers.reduce((all, layer) => all + Number(layer.annotations?.[UNPACKED_SIZE] ?? layer.size), 0);
    return { name: entry.annotations?.[REF_NAME] ?? '', digest: entry.digest as string, sizeBytes: size, yours: entry.annotations?.[OPERATORS] !== undefined };
  }));
  if (json) console.log(JSON.stringify(rows));
  else printTable(['NAME', 'DIGEST', 'SIZE', 'FROM'], rows.map(row => [row.name, row.digest.slice(7, 19), `${(row.sizeBytes / 1e6).toFixed(row.sizeBytes < 1e7 ? 1 : 0)} MB`, row.yours ? 'you' : 'Slipway']));
  return 0;
}

async function remove(names: readonly string[]): Promise<number> {
  const all = await entries();
  let exitCode = 0;
  const going = new Set<string>();
  for (const name of names) {
    const entry = all.find(one => one.annotations?.[REF_NAME] === name);
    if (entry?.annotations?.[OPERATORS]) going.add(name);
    else {
      console.error(`slipway: ${entry ? `${name} comes with Slipway` : `no such image: ${name} (npx slipway image ls shows all)`}`);
      exitCode = 1;
    }
  }
  await writeIndex(all.filter(entry => !going.has(entry.annotations?.[REF_NAME] ?? '')));
  await removeUnusedBlobs();
  await settle();
  for (const name of going) console.log(name);
  return exitCode;
}
