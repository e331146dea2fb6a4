// What `docker rmi` and `docker image prune` do to a host's images: which names and images go, which layers go with them, and what
// forbids it. Pure: from images and containers to the images that are left; store.ts makes it so. Texts and order are Docker's:
// https://github.com/moby/moby/blob/v26.1.5/daemon/images/image_delete.go
import { SlipwayError } from '../errors.ts';
import type { ContainerUse, DeleteItem, Image, ImageEvent } from './model.ts';
import { familiarString, parseReference, canonicalName } from './reference.ts';

export type Removal = { images: Image[]; items: DeleteItem[]; events: ImageEvent[] };

/** `text` is what the user wrote: a name takes away that name first, the beginning of an id means the image itself. */
export function planRemoval(images: Image[], containers: ContainerUse[], image: Image, { text, force, prune = true }: { text: string; force: boolean; prune?: boolean }): Removal {
  const children = images.some(other => other.parent === image.id);
  const users = containers.filter(container => container.imageId === image.id);
  const work = new Work(images, containers, image);
  if (!isIdPrefix(image.id, text)) {
    if (!force && isSingle(image.references) && users[0]) {
      throw conflict(`unable to remove repository reference ${JSON.stringify(text)} (must force) - container ${short(users[0].id)} is using its referenced image ${short(image.id)}`);
    }
    const name = canonicalName(parseReference(text));
    work.untag(name);
    // The digests of a repository go with its last tag.
    if (!name.includes('@') && !work.references.some(other => !other.includes('@') && repository(other) === repository(name))) {
      for (const digest of work.references.filter(other => repository(other) === repository(name))) work.untag(digest, { silent: true });
    }
    if (work.references.length > 0) return work.done();
    // The name is gone; an image that a container or a child still uses stays, nameless.
    if (!children && hindrance(image, [], users, force) === undefined) work.delete({ noParents: !prune });
    return work.done();
  }
  if (isSingle(image.references)) {
    const hindered = hindrance(image, [], users, force);
    if (hindered) throw hindered;
    for (const name of image.references) work.untag(name);
  }
  if (children) throw conflict(`unable to delete ${short(image.id)} (cannot be forced) - image has dependent child images`);
  const hindered = hindrance(image, work.references, users, force);
  if (hindered) throw hindered;
  for (const name of work.references) work.untag(name, { silent: true });
  work.delete({ noParents: !prune });
  return work.done();
}

/** Images without a name, or with `all` those that no container uses. */
export function planPrune(images: Image[], containers: ContainerUse[], { all, only = () => true }: { all: boolean; only?: (image: Image) => boolean }): Removal & { spaceReclaimed: number } {
  let left = images;
  const items: DeleteItem[] = [];
  const events: ImageEvent[] = [];
  // Children first: a parent goes with the last of them.
  for (const image of [...images].reverse()) {
    const used = containers.some(container => container.imageId === image.id) || !left.some(other => other.id === image.id) || left.some(other => other.parent === image.id);
    if (used || (!all && image.references.length > 0) || !only(image)) continue;
    const work = new Work(left, containers, image);
    for (const name of image.references) work.untag(name);
    work.delete();
    const removal = work.done();
    left = removal.images;
    items.push(...removal.items);
    events.push(...removal.events);
  }
  const sizes = new Map(images.flatMap(image => image.layers.map(layer => [layer.chainId as string, layer.sizeBytes] as const)));
  const spaceReclaimed = items.reduce((sum, item) => sum + ('Deleted' in item ? sizes.get(item.Deleted) ?? 0 : 0), 0);
  return { images: left, items, events, spaceReclaimed };
}

/** The image on its way out. */
class Work {
  references: readonly string[];
  private readonly images: Image[];
  private readonly containers: ContainerUse[];
  private readonly image: Image;
  private readonly items: DeleteItem[] = [];
  private readonly events: ImageEvent[] = [];
  private readonly deleted = new Set<string>();

  constructor(images: Image[], containers: ContainerUse[], image: Image) {
    this.images = images;
    this.containers = containers;
    this.image = image;
    this.references = image.references;
  }

  /** Docker tells of every name that goes, but makes an event of those only that were asked for. */
  untag(name: string, { silent = false } = {}): void {
    this.references = this.references.filter(other => other !== name);
    this.items.push({ Untagged: familiarString(parseReference(name)) });
    if (!silent) this.event('untag');
  }

  /** With its parents that nothing needs any more, unless `noParents`. */
  delete({ noParents = false } = {}): void {
    let image: Image | undefined = this.image;
    while (image) {
      this.deleted.add(image.id);
      this.items.push({ Deleted: image.id });
      this.event('delete', image);
      const others: Image[] = this.images.filter(other => !this.deleted.has(other.id));
      const kept = new Set([...others.flatMap(other => other.layers.map(layer => layer.key)), ...this.containers.flatMap(container => container.layers)]);
      for (const layer of [...image.layers].reverse()) {
        if (!kept.has(layer.key) && !this.items.some(item => 'Deleted' in item && item.Deleted === (layer.chainId as string))) this.items.push({ Deleted: layer.chainId });
      }
      const { parent }: Image = image;
      image = noParents ? undefined : others.find(other => other.id === parent && other.references.length === 0 && !others.some(child => child.parent === other.id) && !this.containers.some(container => container.imageId === other.id));
    }
  }

  done(): Removal {
    const images = this.deleted.size
      ? this.images.filter(other => !this.deleted.has(other.id))
      : this.images.map(other => other.id === this.image.id ? { ...other, references: this.references } : other);
    return { images, items: this.items, events: this.events };
  }

  private event(action: 'untag' | 'delete', image = this.image): void {
    this.events.push({ action, id: image.id, attributes: { ...(action === 'untag' ? image.config.config.Labels : {}), name: image.id } }); // once deleted, its labels are not known
  }
}

/** Why the image cannot be deleted, if so. Running containers cannot be forced aside. */
function hindrance(image: Image, references: readonly string[], users: ContainerUse[], force: boolean): SlipwayError | undefined {
  const running = users.find(container => container.running);
  if (running) return conflict(`unable to delete ${short(image.id)} (cannot be forced) - image is being used by running container ${short(running.id)}`);
  if (force) return undefined;
  if (references.length > 0) return conflict(`unable to delete ${short(image.id)} (must be forced) - image is referenced in multiple repositories`);
  if (users[0]) return conflict(`unable to delete ${short(image.id)} (must be forced) - image is being used by stopped container ${short(users[0].id)}`);
  return undefined;
}

/** At most one tag, and whatever else there is belongs to the same repository. */
function isSingle(references: readonly string[]): boolean {
  if (references.length === 0) return false;
  const tags = references.filter(name => !name.includes('@'));
  return tags.length <= 1 && new Set(references.map(repository)).size === 1;
}

const repository = (name: string) => {
  const { domain, path } = parseReference(name);
  return `${domain}/${path}`;
};
const isIdPrefix = (id: string, text: string) => id.startsWith(text) || id.slice('sha256:'.length).startsWith(text);
const short = (id: string) => id.replace(/^sha256:/, '').slice(0, 12);
const conflict = (what: string) => new SlipwayError('Conflict', `conflict: ${what}`);
