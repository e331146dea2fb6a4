// A host's own images: what this lab has pulled, under which names. One JSON file below the engine's directory, written whole and
// renamed at every change. Opened by lab/ for each host; served by api/. Holds records only: files of layers are the machine's.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { diffIdSchema, digestSchema, imageIdSchema, type ChainId } from '../content/digest.ts';
import { parsed } from '../content/layout.ts';
import { imageConfigSchema } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';
import { isLocal } from '../snapshot/layer-path.ts';
import { EMPTY_DIFF_ID } from '../snapshot/layers.ts';
import { history, inspect, summaries } from './show.ts';
import type { ContainerUse, DeleteItem, Image, ImageEvent, ImageStore } from './model.ts';
import { asFullId, canonicalName, familiarName, familiarString, parseReference, withDefaultTag, withTag } from './reference.ts';
import { planPrune, planRemoval, type Removal } from './removal.ts';

export type StoreOptions = {
  /** The store's file; its directory is made when it is not there. */
  file: string;
  /** The host's containers, asked whenever something is to be deleted. */
  containers: () => ContainerUse[];
  /** After the change is on disk. */
  onEvent?: (event: ImageEvent) => void;
  /** Called after images were removed that had layers of the lab's own: their files may go. */
  onLayersUnused?: (keys: string[]) => void;
};

const recordSchema = z.object({
  version: z.literal(1),
  images: z.array(z.object({
    id: imageIdSchema,
    configText: z.string(),
    layers: z.array(z.object({ diffId: diffIdSchema, chainId: digestSchema.transform(digest => digest as string as ChainId), key: z.string(), sizeBytes: z.number() })),
    references: z.array(z.string()),
    lastTagTime: z.string(),
    parent: z.union([imageIdSchema, z.literal('')]).default(''),
  })),
});

/** Opens the store, or an empty one when the file is not there yet. */
export async function openImageStore({ file, containers, onEvent = () => {}, onLayersUnused = () => {} }: StoreOptions): Promise<ImageStore> {
  let images = await load(file);
  let busy: Promise<unknown> = Promise.resolve();

  /** One change at a time: `plan` sees the state that the one before has left. In memory it holds once it is on disk. */
  function change<T>(plan: (images: Image[]) => { images: Image[]; events: ImageEvent[]; result: T }): Promise<T> {
    const done = busy.then(async () => {
      const next = plan(images);
      if (next.images.length > images.length || next.events.some(event => event.action === 'tag')) checkRoom(next.images);
      await save(file, next.images);
      const gone = unused(images, next.images, containers());
      images = next.images;
      if (gone.length) onLayersUnused(gone);
      for (const event of next.events) onEvent(event);
      return next.result;
    });
    busy = done.catch(() => {});
    return done;
  }

  const find = (text: string) => findImage(images, text);
  return {
    find,
    resolve(text) {
      const image = find(text);
      return { id: image.id, config: image.config.config, layers: image.layers.filter(layer => layer.diffId !== EMPTY_DIFF_ID).map(layer => layer.key) }; // an empty layer is not worth a mount
    },
    all: () => images,
    list: (options = {}) => summaries(images, { ...options, find }),
    inspect: text => inspect(find(text)),
    history: text => history(find(text), images),
    hasLayer: key => images.some(image => image.layers.some(layer => layer.key === key)) || containers().some(container => container.layers.includes(key)),
    tag(text, { repo, tag }) {
      const target = parseReference(repo);
      if (target.digest !== undefined) throw new SlipwayError('InvalidParameter', 'cannot import digest reference');
      const reference = withDefaultTag(tag ? withTag(target, tag) : target);
      return change(now => {
        const image = findImage(now, text);
        const event: ImageEvent = { action: 'tag', id: image.id, attributes: { ...labels(image), name: familiarString(reference) } };
        return { images: named(now, image, [canonicalName(reference)], new Date().toISOString()), events: [event], result: undefined };
      });
    },
    add: (image, { reference, digest }) => change(now => {
      const name = parseReference(reference);
      const known = now.find(other => other.id === image.id);
      const newer = !known?.references.includes(reference);
      const added: Image = known ?? { ...image, parent: '', references: [], lastTagTime: '' };
      const event: ImageEvent = { action: 'pull', id: familiarString(name), attributes: { ...labels(image), name: familiarName(name) } };
      const byDigest = canonicalName({ domain: name.domain, path: name.path, digest });
      return { images: named(known ? now : [...now, added], added, newer ? [reference, byDigest] : [byDigest]), events: [event], result: newer };
    }),
    put: (image, { names, events }) => change(now => {
      const known = now.find(other => other.id === image.id);
      const added: Image = known ?? { ...image, references: [], lastTagTime: '' };
      const next = known ? now.map(other => other === known ? { ...known, parent: known.parent || image.parent } : other) : [...now, added];
      return { images: named(next, added, [...names], new Date().toISOString()), events: [...events], result: undefined };
    }),
    remove: (text, options) => change(now => {
      const removal = planRemoval(now, containers(), findImage(now, text), { ...options, text });
      return { ...removal, result: removal.items };
    }),
    prune: options => change(now => {
      const removal: Removal & { spaceReclaimed: number } = planPrune(now, containers(), options);
      const result: { items: DeleteItem[]; spaceReclaimed: number } = { items: removal.items, spaceReclaimed: removal.spaceReclaimed };
      return { ...removal, result };
    }),
  };
}

/** The engine holds the configurations and names of all labs' images, and writes them anew at each change; learners say how large they are. */
function checkRoom(images: readonly Image[]): void {
  const bytes = images.reduce((all, { configText, references }) => all + configText.length + 80 * references.length, 0);
  if (bytes > MOST_BYTES) throw new SlipwayError('InvalidParameter', `this lab has ${images.length} images and names for them: remove some before making more`);
}
const MOST_BYTES = 16 << 20;

/** Docker's order: a full id, then a name, then the beginning of an id. */
function findImage(images: Image[], text: string): Image {
  const fullId = asFullId(text);
  if (fullId !== undefined) {
    const image = images.find(other => other.id === fullId);
    if (!image) throw new SlipwayError('NotFound', `No such image: ${fullId}`);
    return image;
  }
  const reference = parseReference(text);
  const name = canonicalName(reference);
  const byName = images.find(image => image.references.includes(name));
  if (byName) return byName;
  const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`;
  const byId = /^sha256:[0-9a-f]+$/.test(prefix) ? images.filter(image => image.id.startsWith(prefix)) : [];
  if (byId.length !== 1) throw new SlipwayError('NotFound', `No such image: ${familiarString(withDefaultTag(reference))}`);
  return byId[0]!;
}

/** The images after `names` have come to mean `image`, and nothing else. Only `docker tag` is a time of tagging, not a pull. */
function named(images: Image[], image: Image, names: string[], lastTagTime = image.lastTagTime): Image[] {
  const moves = names.filter(name => !images.some(other => other.id === image.id && other.references.includes(name)));
  if (moves.length === 0) return images;
  return images.map(other => other.id === image.id
    ? { ...other, references: [...other.references, ...moves].sort(), lastTagTime }
    : { ...other, references: other.references.filter(name => !moves.includes(name)) });
}

/** Layers of the lab's own that nothing has any more. */
function unused(before: Image[], after: Image[], containers: ContainerUse[]): string[] {
  if (after.length >= before.length) return [];
  const kept = new Set([...after.flatMap(image => image.layers.map(layer => layer.key)), ...containers.flatMap(container => container.layers)]);
  return [...new Set(before.flatMap(image => image.layers.map(layer => layer.key)))].filter(key => isLocal(key) && !kept.has(key));
}

const labels = (image: Pick<Image, 'config'>) => image.config.config.Labels ?? {};

async function load(file: string): Promise<Image[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return [];
  return parsed(recordSchema, text, file).images.map(record => ({ ...record, config: parsed(imageConfigSchema, record.configText, `image ${record.id}`) }));
}

async function save(file: string, images: Image[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const beside = `${file}.new`;
  const handle = await open(beside, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify({ version: 1, images: images.map(({ id, configText, layers, references, lastTagTime, parent }) => ({ id, configText, layers, references, lastTagTime, parent })) }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
}
