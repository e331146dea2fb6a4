// Builds images from the Dockerfiles of this folder: their Debian packages are fetched into the build's context, since a lab has no network; the stock
// docker command builds them in the builder's lab, a few at a time; what it has built is saved, and becomes reproducible on the way into the library.
import { chmod, copyFile, cp, link, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { chainIds } from '../../../runtime/content/digest.ts';
import { assetsDir, layerKey, layersDir } from '../../../runtime/paths.ts';
import { debField, openApt, type PrivateApt } from '../packages.ts';
import { labelsOf, notesOf } from './base.ts';
import type { Builder } from './builder.ts';
import { CREATED } from './epoch.ts';
import { fileOf, find, type BuiltImage } from './layout.ts';
import { unpackNpm } from './npm.ts';
import { SUITES, tagsOf, upstreamVersion, type Recipe, type Suite } from './recipes.ts';
import { readSaved } from './saved.ts';

export type Progress = { say: (words: string) => void; done: (weight: number, words: string) => void };
type Built = { recipe: Recipe; version: string; tag: string };

const AT_A_TIME = 2;
/** Packages are kept, an image's in a folder of its own: what is built again is fetched only where it is newer. */
const packagesDir = join(assetsDir, 'cache/packages');

/** In the recipes' order. Bases are in the library already. */
export async function buildRecipes(recipes: readonly Recipe[], builder: Builder, work: string, progress: Progress): Promise<{ recipe: Recipe; image: BuiltImage }[]> {
  const suites = new Map<Suite, Promise<PrivateApt>>();
  const fetching = new Map<Suite, Promise<unknown>>();
  /** A suite's packages one image after the other: apt would download what two have in common twice. */
  const packagesFor = (recipe: Recipe): Promise<string[]> => {
    const suite = SUITES[recipe.base];
    if (!suite || recipe.packages.length === 0) return Promise.resolve([]);
    if (!suites.has(suite)) suites.set(suite, aptOver(recipe.base, suite, join(work, `apt-${suite}`)));
    const mine = (fetching.get(suite) ?? Promise.resolve()).then(async () => (await suites.get(suite)!).downloadTo(join(packagesDir, recipe.name), recipe.packages));
    fetching.set(suite, mine.catch(() => {}));
    return mine;
  };
  const fetched = recipes.map(packagesFor);
  for (const one of fetched) one.catch(() => {}); // awaited below, in turn
  try {
    const built: Built[] = [];
    const waiting = [...recipes.entries()];
    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const [at, recipe] = next;
        progress.say(`${recipe.name}: fetching packages`);
        built[at] = await build(recipe, await fetched[at]!, builder, work, progress);
        progress.done(2, `${recipe.name} is built`);
      }
    }));
    return await takeOut(built, builder, work, progress);
  } finally {
    await Promise.allSettled([...fetched, ...fetching.values()]);
    for (const apt of suites.values()) await apt.then(({ release }) => release(), () => {});
  }
}

/** An apt that knows what the base image has installed. */
async function aptOver(base: string, suite: Suite, directory: string): Promise<PrivateApt> {
  const image = await find(base);
  if (!image) throw new Error(`the library has no ${base} to build upon`);
  const directories = chainIds(image.config.rootfs.diff_ids).map(chainId => join(layersDir, layerKey(chainId)));
  await mkdir(directory, { recursive: true });
  const dpkgStatus = join(directory, 'installed');
  await writeFile(dpkgStatus, await fileOf(directories, 'var/lib/dpkg/status'));
  return openApt(directory, suite, { dpkgStatus });
}

async function build(recipe: Recipe, debs: readonly string[], builder: Builder, work: string, progress: Progress): Promise<Built> {
  const context = join(work, `context-${recipe.name}`);
  await cp(join(import.meta.dirname, recipe.folder), context, { recursive: true });
  await mkdir(join(context, 'packages'));
  for (const deb of debs) await link(deb, join(context, 'packages', basename(deb)));
  await copyFile(join(import.meta.dirname, 'install-packages.sh'), join(context, 'packages/install'));
  await chmod(join(context, 'packages/install'), 0o755);
  if (recipe.npm) await unpackNpm(recipe.npm, join(context, 'npm'));
  const version = recipe.ownVersion ?? await versionOf(recipe, debs);
  const tag = `built/${recipe.name}`;
  const args = { BASE: recipe.base, VERSION: version, MAJOR: version.split('.')[0]! };
  await builder.docker(['build', '--progress=plain', '--tag', tag, ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]), context], line => {
    const step = /^#\d+ \[(?:\S+ )?(\d+\/\d+)\] (.*)$/.exec(line);
    if (step) progress.say(`${recipe.name}: ${step[1]} ${step[2]!.replace(/^RUN (--\S+ )*/, 'RUN ').slice(0, 48)}`);
  });
  if (recipe.says) {
    const said = await builder.docker(['run', '--rm', '--entrypoint', 'sh', tag, '-c', '"$@" 2>&1', 'sh', ...recipe.says]);
    if (!said.includes(version)) throw new Error(`${recipe.name} was to be version ${version}, but its program says: ${said.trim()}`);
  }
  return { recipe, version, tag };
}

async function versionOf(recipe: Recipe, debs: readonly string[]): Promise<string> {
  const deb = debs.find(path => basename(path).startsWith(`${recipe.packages[0]}_`));
  if (!deb) throw new Error(`apt gave no ${recipe.packages[0]}`);
  return upstreamVersion(await debField(deb, 'Version'));
}

/** All at once, since the layers that they share would otherwise be written for each. */
async function takeOut(built: readonly Built[], builder: Builder, work: string, progress: Progress): Promise<{ recipe: Recipe; image: BuiltImage }[]> {
  const bases = new Map(await Promise.all([...new Set(built.map(({ recipe }) => recipe.base))].map(async name => [name, (await find(name))!] as const)));
  const inBases = new Set([...bases.values()].flatMap(base => base.layers.map(layer => layer.diffId)));
  progress.say('taking the images out of the builder');
  const saved = await builder.save(built.map(({ tag }) => tag), archive => readSaved(archive, work, { clamp: true, skip: diffId => inBases.has(diffId) }));
  return built.map(({ recipe, version, tag }) => {
    const image = saved.find(one => one.tags.includes(`${tag}:latest`));
    if (!image) throw new Error(`the builder saved no ${tag}`);
    const base = bases.get(recipe.base)!;
    const history = image.config.history.map((step, at) => ({ ...step, created: at < base.config.history.length ? base.config.history[at]!.created : CREATED }));
    const title = recipe.repository;
    return {
      recipe,
      image: {
        tags: tagsOf(recipe, version), layers: [...base.layers, ...image.layers], history, annotations: {}, notes: notesOf(recipe),
        // In place of the base's, which speak of the base.
        config: { ...image.config.config, Labels: labelsOf({ title, version }, "Debian's packages by a Dockerfile") },
      },
    };
  });
}
