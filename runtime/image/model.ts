// The nouns of a host's images, as lab/ (which opens a host's store) and api/ (which serves it) use them. Types only.
import type { ChainId, Digest, DiffId, ImageId } from '../content/digest.ts';
import type { ImageConfig } from '../content/oci.ts';

/** A layer as an image's record keeps it; lowest first. */
export type ImageLayer = {
  diffId: DiffId;
  chainId: ChainId;
  /** Names its directory: snapshot/layer-path.ts. */
  key: string;
  /** What its files take, unpacked. */
  sizeBytes: number;
};

/** An image that a host has. */
export type Image = {
  readonly id: ImageId;
  /** The configuration's own bytes, whose digest is the id. */
  readonly configText: string;
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
  /** Normalised names: `docker.io/library/nginx:1.22`, and with a digest `docker.io/library/nginx@sha256:…`. */
  readonly references: readonly string[];
  /** The image that this one was made from, on this host; empty when unknown. Only the builder's and commit's have one. */
  readonly parent: ImageId | '';
  /** ISO 8601; when `docker tag` last named this image; empty when never. */
  readonly lastTagTime: string;
};

/** What the store has to know of a container: it keeps its image, or at least that image's layers, from being deleted. */
export type ContainerUse = { id: string; imageId: string; running: boolean; layers: readonly string[] };

/** What happened to an image, as `docker events` shows it; the store's `onEvent` gets it after the change is on disk. */
export type ImageEvent = { action: 'pull' | 'tag' | 'untag' | 'delete' | 'import' | 'load'; id: string; attributes: Record<string, string> };

/** GET /images/json */
export type ImageSummary = {
  Id: string; ParentId: string; RepoTags: string[]; RepoDigests: string[]; Created: number; Size: number; SharedSize: number;
  Labels: Record<string, string> | null; Containers: number;
};
export type DeleteItem = { Untagged: string } | { Deleted: string };

/** Values of the `filters` parameter: reference, dangling, label, label!, before, since, until. */
export type ImageFilters = ReadonlyMap<string, readonly string[]>;

/** The images of one host. Every change is on disk when its call resolves; changes of one store happen one after the other. */
export interface ImageStore {
  /** By reference (`nginx`, `nginx:1.22`, `nginx@sha256:…`), id or unambiguous id prefix. NotFound `No such image: nginx:latest`, InvalidParameter for what is no name. */
  find(reference: string): Image;
  /** The same, in the form that containers are made of (container/model.ts). */
  resolve(reference: string): { id: string; config: ImageConfig['config']; layers: string[] };
  all(): Image[];
  list(options?: { filters?: ImageFilters; sharedSize?: boolean; all?: boolean }): ImageSummary[];
  /** GET /images/{name}/json */
  inspect(reference: string): Record<string, unknown>;
  /** GET /images/{name}/history */
  history(reference: string): Record<string, unknown>[];
  /** POST /images/{name}/tag */
  tag(reference: string, target: { repo: string; tag: string }): Promise<void>;
  /** DELETE /images/{name} */
  remove(reference: string, options: { force: boolean; prune?: boolean }): Promise<DeleteItem[]>;
  /** POST /images/prune: dangling images, or with `all` every image that no container uses. */
  prune(options: { all: boolean; only?: (image: Image) => boolean }): Promise<{ items: DeleteItem[]; spaceReclaimed: number }>;
  /** Records an image under a name; true when that name meant something else before or nothing. For pull. */
  add(image: Omit<Image, 'references' | 'lastTagTime' | 'parent'>, names: { reference: string; digest: Digest }): Promise<boolean>;
  /** Records an image that was made here (commit, build, import, load), under names when it gets some. One that is known only gets the names. */
  put(image: Omit<Image, 'references' | 'lastTagTime'>, options: { names: readonly string[]; events: readonly ImageEvent[] }): Promise<void>;
  /** True when an image or container of this host has the layer. */
  hasLayer(key: string): boolean;
}
