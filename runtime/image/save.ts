// `docker save`: images as one archive, an OCI layout with dockerd's manifest.json beside it. Layers of the library go first, from its verified blobs
// through the lab's decompression to whoever wants them; the rest is put together on the lab's disk from the layers' own archives and read from there. Called by api/archives.ts.
import { SlipwayError } from '../errors.ts';
import { digestOfBytes } from '../content/digest.ts';
import { MEDIA_TYPES, REF_NAME, type Descriptor } from '../content/oci.ts';
import { tarHeader } from '../content/tar-header.ts';
import { runScript, streamHelper, type Place } from '../kernel/stream.ts';
import { compressionOf } from '../registry/manifest.ts';
import type { Step } from '../kernel/protocol.ts';
import { isLocal, isUpstream, localDir } from '../snapshot/layer-path.ts';
import { firstWords, newScratch, removeScratch } from '../snapshot/layers.ts';
import { script } from '../snapshot/scripts.ts';
import type { Library } from './library.ts';
import { blobName } from './load.ts';
import type { Mirror } from './mirror.ts';
import type { Image, ImageLayer, ImageStore } from './model.ts';
import { asFullId, canonicalName, familiarName, familiarString, parseReference, withDefaultTag } from './reference.ts';

export interface SaveOptions { images: ImageStore; library: Library; mirror: Mirror; names: readonly string[]; out: { write(chunk: Buffer): Promise<void>; signal: AbortSignal } }

/** Throws NotFound before the first byte. Answers what was saved. */
export async function save(host: Place, { images, library, mirror, names, out }: SaveOptions): Promise<Image[]> {
  const wanted = collect(images, names);
  const directory = newScratch('save');
  try {
    const sizes = new Map<string, number>();
    const direct: DirectLayer[] = [];
    for (const { image } of wanted) {
      for (const layer of image.layers) if (!sizes.has(layer.diffId)) {
        const one = await directLayer(library, image, layer);
        if (one) direct.push(one);
        sizes.set(layer.diffId, one?.size ?? await stageLayer(host, { library, mirror }, directory, image, layer, out.signal));
      }
    }
    for (const layer of direct) await sendLayer(host, library, layer, out);
    const body = 'cd "$1" && "$tar" -c --format=ustar --sort=name --owner=+0 --group=+0 --mode=u=rwX,go=rX --transform="s,^\\./,,rSh" blobs index.json manifest.json oci-layout repositories';
    const { code, stderr } = await streamHelper(host, { argv: script(body, directory), before: metadata(directory, wanted, sizes), onOutput: chunk => out.write(chunk), signal: out.signal });
    if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || 'the archive could not be made');
    return wanted.map(({ image }) => image);
  } finally {
    await removeScratch(host, directory);
  }
}

interface Wanted { image: Image; tags: string[] }

/** A name saves that tag, a bare repository all of its tags, an id no name. */
function collect(images: ImageStore, names: readonly string[]): Wanted[] {
  const wanted = new Map<string, Wanted>();
  const add = (image: Image, tags: string[]) => {
    const entry = wanted.get(image.id) ?? { image, tags: [] };
    entry.tags.push(...tags.filter(tag => !entry.tags.includes(tag)));
    wanted.set(image.id, entry);
  };
  for (const name of names) {
    const reference = asFullId(name) === undefined ? tryParse(name) : undefined;
    const repository = reference && reference.tag === undefined && reference.digest === undefined ? `${reference.domain}/${reference.path}:` : undefined;
    const all = repository ? images.all().flatMap(image => image.references.filter(other => other.startsWith(repository)).map(tag => ({ image, tag }))) : [];
    if (all.length) {
      for (const { image, tag } of all) add(image, [tag]);
      continue;
    }
    const image = findNamed(images, name);
    const exact = reference && image.references.includes(canonicalName(reference)) && reference.digest === undefined ? [canonicalName(withDefaultTag(reference))] : [];
    add(image, exact);
  }
  return [...wanted.values()];
}

/** dockerd adds no tag to the name when it tells that there is none. */
function findNamed(images: ImageStore, name: string): Image {
  try {
    return images.find(name);
  } catch (error) {
    throw error instanceof SlipwayError && error.kind === 'NotFound' ? new SlipwayError('NotFound', `No such image: ${name}`) : error;
  }
}

function tryParse(name: string) {
  try {
    return parseReference(name);
  } catch {
    return undefined; // the beginning of an id
  }
}

interface DirectLayer { layer: ImageLayer; blob: Descriptor; size: number; created: string }

/** A layer of the library, when it is sure how large its archive is: what gzip says of that ends at 4 GiB, and an archive is not twice its files. */
async function directLayer(library: Library, image: Image, layer: ImageLayer): Promise<DirectLayer | undefined> {
  if (isLocal(layer.key) || isUpstream(layer.key) || layer.sizeBytes > 2 ** 31) return undefined;
  const blob = await libraryBlob(library, image, layer);
  return { layer, blob, size: await library.unpackedSize(blob), created: image.config.created ?? '' };
}

/** One member of the archive. Fails at its end when it has become another size than was said. */
async function sendLayer(host: Place, library: Library, { layer, blob, size, created }: DirectLayer, out: SaveOptions['out']): Promise<void> {
  await out.write(tarHeader({ name: blobName(layer.diffId), size, seconds: Math.max(0, Math.floor(Date.parse(created) / 1000)) || 0 }));
  let sent = 0;
  const { code, stderr } = await streamHelper(host, { argv: script('plain gzip'), input: library.blob(blob) as AsyncIterable<Buffer>, signal: out.signal, onOutput(chunk) {
    sent += chunk.length;
    if (sent <= size) return out.write(chunk);
  } });
  if (code !== 0 || sent !== size) throw new SlipwayError('System', firstWords(stderr) || `layer ${layer.diffId} could not be read`);
  await out.write(Buffer.alloc((512 - size % 512) % 512));
}

/** Puts a layer's archive below the directory's blobs, seen to be the one that its digest names; resolves with its size. */
async function stageLayer(host: Place, parts: { library: Library; mirror: Mirror }, directory: string, image: Image, layer: ImageLayer, signal: AbortSignal): Promise<number> {
  const name = blobName(layer.diffId);
  const check = '[ "$(sha256sum < "$1/$2" | cut -c 1-64)" = "${2##*/}" ] || { echo "the files of layer sha256:${2##*/} are not what they were" >&2; exit 1; }; stat -c %s "$1/$2"';
  const make = 'mkdir -p "$1/blobs/sha256" || exit 1';
  const body = isLocal(layer.key)
    ? `${make}; if [ -f "$3/layer.tar" ]; then ln "$3/layer.tar" "$1/$2"; else packed_layer "$3" "$1.marks" > "$1/$2"; rm -rf "$1.marks" "$1.marks.files" "$1.marks.special" "$1.marks.whiteouts"; fi || exit 1; ${check}`
    : `${make}; plain "$3" > "$1/$2" || exit 1; ${check}`;
  const blob = isLocal(layer.key) ? undefined : isUpstream(layer.key) ? upstreamBlob(parts.mirror, image, layer, signal) : { bytes: parts.library.blob(await libraryBlob(parts.library, image, layer)) as AsyncIterable<Buffer>, compression: 'gzip' };
  const { code, stdout, stderr } = await runScript(host, { argv: script(body, directory, name, blob ? blob.compression : localDir(layer.key)), signal, ...(blob ? { input: blob.bytes } : {}) });
  if (code !== 0) throw new SlipwayError('System', firstWords(stderr) || `layer ${layer.diffId} could not be read`);
  return Number(stdout.trim());
}

function upstreamBlob(mirror: Mirror, image: Image, { diffId }: ImageLayer, signal: AbortSignal) {
  const found = mirror.blob(diffId);
  if (!found) throw new SlipwayError('NotFound', `layer ${diffId} of image ${image.id} is no longer on this machine: pull the image again`);
  return { bytes: found.bytes(signal), compression: compressionOf(found.descriptor) };
}

async function libraryBlob(library: Library, image: Image, { diffId }: ImageLayer): Promise<Descriptor> {
  const found = await library.layer(diffId);
  if (!found) throw new SlipwayError('NotFound', `layer ${diffId} of image ${image.id} is no longer on this machine: pull the image again`);
  return found;
}

function metadata(directory: string, wanted: readonly Wanted[], sizes: ReadonlyMap<string, number>): Step[] {
  const write = (path: string, text: string): Step => ({ do: 'write', path: `${directory}/${path}`, mode: 0o644, text });
  const steps: Step[] = [{ do: 'mkdir', path: `${directory}/blobs/sha256`, mode: 0o755 }];
  const index: unknown[] = [];
  const manifest: unknown[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, tags } of wanted) {
    const layers = image.layers.map(layer => ({ mediaType: MEDIA_TYPES.layerTar, digest: layer.diffId, size: sizes.get(layer.diffId)! }));
    const text = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config: { mediaType: MEDIA_TYPES.config, digest: image.id, size: Buffer.byteLength(image.configText) }, layers });
    const digest = digestOfBytes(text);
    steps.push(write(blobName(image.id), image.configText), write(blobName(digest), text));
    const described = { mediaType: MEDIA_TYPES.manifest, digest, size: Buffer.byteLength(text) };
    const references = tags.map(tag => parseReference(tag));
    index.push(...(references.length ? references.map((reference, at) => ({ ...described, annotations: { 'io.containerd.image.name': tags[at], [REF_NAME]: reference.tag } })) : [described]));
    manifest.push({
      Config: blobName(image.id), RepoTags: references.length ? references.map(familiarString) : null, Layers: image.layers.map(layer => blobName(layer.diffId)),
      ...(image.parent ? { Parent: image.parent } : {}), LayerSources: Object.fromEntries(layers.map(layer => [layer.digest, layer])),
    });
    for (const reference of references) (repositories[familiarName(reference)] ??= {})[reference.tag!] = image.layers.at(-1)?.diffId.slice(7) ?? '';
  }
  return [...steps, write('index.json', JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: index })), write('manifest.json', JSON.stringify(manifest)), write('oci-layout', '{"imageLayoutVersion": "1.0.0"}'), write('repositories', JSON.stringify(repositories))];
}
