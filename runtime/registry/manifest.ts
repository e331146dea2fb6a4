// Manifests as registries keep them: Docker's schema 2 and OCI's, and lists of either for several platforms. Pure; all input is untrusted.
// https://distribution.github.io/distribution/spec/manifest-v2-2/ and https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md
import { parsed } from '../content/layout.ts';
import { indexSchema, manifestSchema, MEDIA_TYPES, type Descriptor, type Index, type Manifest } from '../content/oci.ts';
import { SlipwayError } from '../errors.ts';

export const DOCKER = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  list: 'application/vnd.docker.distribution.manifest.list.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export const MANIFEST_TYPES: readonly string[] = [DOCKER.manifest, DOCKER.list, MEDIA_TYPES.index, MEDIA_TYPES.manifest];

/** How a layer's blob is compressed, by its media type. */
export type Compression = '' | 'gzip' | 'zstd';
const LAYER_TYPES: Readonly<Record<string, Compression>> = {
  [DOCKER.layer]: 'gzip', 'application/vnd.docker.image.rootfs.diff.tar': '',
  [MEDIA_TYPES.layerTar]: '', 'application/vnd.oci.image.layer.v1.tar+zstd': 'zstd', [MEDIA_TYPES.layerGzip]: 'gzip',
};

export type Platform = { os: string; architecture: string; variant?: string | undefined };

/** A manifest of one image, or the list of those for several platforms. */
export type Parsed = { kind: 'image'; manifest: Manifest } | { kind: 'index'; index: Index };

export function parseManifest({ mediaType, text, digest }: { mediaType: string; text: string; digest: string }): Parsed {
  if (mediaType === DOCKER.list || mediaType === MEDIA_TYPES.index) return { kind: 'index', index: parsed(indexSchema, text, digest) };
  if (mediaType === DOCKER.manifest || mediaType === MEDIA_TYPES.manifest) return { kind: 'image', manifest: parsed(manifestSchema, text, digest) };
  if (/manifest\.v1\+/.test(mediaType)) throw new SlipwayError('InvalidParameter', 'manifests of schema version 1 are no longer supported: https://docs.docker.com/go/deprecated-image-specs/');
  throw new SlipwayError('System', `unsupported manifest media type ${JSON.stringify(mediaType)}`);
}

/** The entry for the platform; one without a platform is an attestation or the like. */
export function choose(index: Index, wanted: Platform): Descriptor {
  const fits = index.manifests.filter(({ platform }) => platform?.os === wanted.os && platform.architecture === wanted.architecture);
  const found = fits.find(({ platform }) => (platform?.variant ?? '') === (wanted.variant ?? '')) ?? (wanted.variant === undefined ? fits[0] : undefined);
  if (!found) throw new SlipwayError('NotFound', `no matching manifest for ${platformText(wanted)} in the manifest list entries`);
  return found;
}

export const platformText = ({ os, architecture, variant }: Platform) => [os, architecture, variant].filter(Boolean).join('/');

export function compressionOf({ mediaType }: Descriptor): Compression {
  const compression = LAYER_TYPES[mediaType];
  if (compression === undefined) throw new SlipwayError('NotImplemented', `layers of the type ${JSON.stringify(mediaType)} cannot be unpacked`);
  return compression;
}

/** The manifest that `docker push` writes, byte for byte. Layers lowest first. */
export function writeManifest(config: { digest: string; size: number }, layers: readonly { digest: string; size: number }[]): string {
  return JSON.stringify({
    schemaVersion: 2, mediaType: DOCKER.manifest,
    config: { mediaType: DOCKER.config, size: config.size, digest: config.digest },
    layers: layers.map(({ digest, size }) => ({ mediaType: DOCKER.layer, size, digest })),
  }, null, 3);
}
