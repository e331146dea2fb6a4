// The built-in image library: base images first (base.ts), then what Dockerfiles make of them (dockerfiles.ts). An image is built again when what it was
// made from has changed, which its entries in the index tell; until then the old one is there. Called by set-up (build.ts).
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../../../runtime/content/oci.ts';
import { assetsDir } from '../../../runtime/paths.ts';
import { hashOf, type Report } from '../step.ts';
import { finished, type BaseImage } from './base.ts';
import { openBuilder } from './builder.ts';
import { buildBusybox } from './busybox.ts';
import { buildDebian } from './debian.ts';
import { buildRecipes, type Progress } from './dockerfiles.ts';
import { buildHelloWorld } from './hello-world.ts';
import { entries, OPERATORS, publish, RECIPE, RECIPE_HASH, removeUnusedBlobs, writeIndex, type BuiltImage } from './layout.ts';
import { RECIPES, type Suite } from './recipes.ts';

const here = import.meta.dirname;
const work = join(assetsDir, 'tmp/library');

/** Each is made by its own file of this folder, and by what all share. */
const BASES: { name: string; tag: string; source: string; file: string; also?: string[]; build: (report: Report) => Promise<BaseImage> }[] = [
  { name: 'hello-world', tag: 'hello-world:latest', source: 'a program of its own', file: 'hello-world.ts', also: ['hello.c'], build: () => buildHelloWorld(work) },
  { name: 'busybox', tag: 'busybox:latest', source: "Debian's package busybox-static", file: 'busybox.ts', build: () => buildBusybox(work) },
  ...(['bookworm', 'trixie'] as const).map((suite: Suite) => ({ name: `debian-${suite}`, tag: `debian:${suite}`, source: "Debian's packages by mmdebstrap", file: 'debian.ts', build: (report: Report) => buildDebian(suite, work, report) })),
];
/** What goes into every image. */
const SHARED = ['base.ts', 'layer.ts', 'epoch.ts'];
const SHARED_BY_DOCKERFILES = ['install-packages.sh', 'dockerfiles.ts', 'saved.ts', 'npm.ts'];

/** Name → hash of all that the image is made from. */
async function hashes(): Promise<Map<string, string>> {
  const read = (name: string) => readFile(join(here, name), 'utf8');
  const shared = await Promise.all(SHARED.map(read));
  const alsoShared = await Promise.all(SHARED_BY_DOCKERFILES.map(read));
  const all = new Map<string, string>();
  const byTag = new Map<string, string>();
  for (const { name, tag, file, also = [] } of BASES) {
    const hash = hashOf([name, shared, await Promise.all([file, ...also].map(read))]);
    all.set(name, hash);
    byTag.set(tag, hash);
  }
  for (const recipe of RECIPES) {
    const folder = join(here, recipe.folder);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(file => file.isFile()).map(file => join(file.parentPath, file.name)).sort();
    const contents = await Promise.all(files.map(async path => [path.slice(folder.length), await readFile(path, 'utf8')]));
    all.set(recipe.name, hashOf([recipe, contents, shared, alsoShared, byTag.get(recipe.base)]));
  }
  return all;
}

export const libraryRecipe = async (): Promise<unknown> => [...await hashes()];

/** Whether the index has every image as it would be made now. */
export async function libraryPresent(): Promise<boolean> {
  return (await missing(await hashes())).size === 0;
}

async function missing(wanted: Map<string, string>): Promise<Set<string>> {
  const there = new Set((await entries()).map(entry => entry.annotations?.[RECIPE_HASH]));
  return new Set([...wanted].filter(([, hash]) => !there.has(hash)).map(([name]) => name));
}

export async function buildLibrary(report: Report): Promise<void> {
  const wanted = await hashes();
  const due = await missing(wanted);
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o700 });
  const annotations = (name: string) => ({ [RECIPE]: name, [RECIPE_HASH]: wanted.get(name)! });
  const publishOne = (name: string, image: BuiltImage) => inTurn(() => publish([image], entry => entry.annotations?.[RECIPE] === name));
  try {
    const bases = BASES.filter(base => due.has(base.name));
    const recipes = RECIPES.filter(recipe => due.has(recipe.name));
    const builder = recipes.length ? openBuilder() : undefined; // starts beside what comes first
    builder?.catch(() => {}); // awaited below
    try {
      const progress = progressOf(report, bases.length * 8 + recipes.length * 3);
      const made = await Promise.allSettled(bases.map(async ({ name, source, build }) => {
        const image = await build((_percent, words) => progress.say(`${name}: ${words}`));
        await publishOne(name, finished(image, source, annotations(name)));
        progress.done(8, `${name} is built`);
      }));
      for (const one of made) if (one.status === 'rejected') throw one.reason;
      if (builder) {
        for (const { recipe, image } of await buildRecipes(recipes, await builder, work, progress)) {
          await publishOne(recipe.name, { ...image, annotations: annotations(recipe.name) });
        }
      }
    } finally {
      await builder?.then(({ release }) => release(), () => {});
    }
    report(98, 'tidying up');
    await sortIndex([...wanted.keys()]);
    await removeUnusedBlobs();
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The index is read, changed and written: one at a time. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(change: () => Promise<T>): Promise<T> {
  const mine = last.then(change, change);
  last = mine.catch(() => {});
  return mine;
}

/** Much goes on at the same time: what is told is what was said last, and how much of all has been done. */
function progressOf(report: Report, all: number): Progress {
  let done = 0;
  const say = (words: string) => report(2 + (95 * done) / all, words);
  return { say, done: (weight, words) => { done += weight; say(words); } };
}

/** Images of recipes that are no more go; the others are in the order of the recipes, then those of the operator. */
async function sortIndex(names: readonly string[]): Promise<void> {
  const place = (entry: Descriptor) => names.indexOf(entry.annotations?.[RECIPE] ?? '');
  const all = await entries();
  const ours = all.filter(entry => place(entry) >= 0).sort((a, b) => place(a) - place(b));
  await writeIndex([...ours, ...all.filter(entry => entry.annotations?.[OPERATORS])]);
}
