import { describe, expect, test } from 'vitest';
import { digestOfBytes } from '../content/digest.ts';
import { choose, compressionOf, DOCKER, parseManifest, writeManifest } from './manifest.ts';

const digest = (of: string) => digestOfBytes(of);
const entry = (of: string, architecture: string, variant?: string) => ({ mediaType: DOCKER.manifest, digest: digest(of), size: 1, platform: { os: 'linux', architecture, ...(variant ? { variant } : {}) } });
const index = { schemaVersion: 2 as const, manifests: [{ ...entry('attestation', 'unknown'), platform: { os: 'unknown', architecture: 'unknown' } }, entry('arm v6', 'arm', 'v6'), entry('arm v7', 'arm', 'v7'), entry('amd64', 'amd64')] };

describe('of a list, the platform\'s manifest is chosen', () => {
  test.each([
    [{ os: 'linux', architecture: 'amd64' }, 'amd64'],
    [{ os: 'linux', architecture: 'arm', variant: 'v7' }, 'arm v7'],
    [{ os: 'linux', architecture: 'arm' }, 'arm v6'],
  ])('%j', (wanted, of) => {
    expect(choose(index, wanted).digest).toBe(digest(of));
  });
  test.each([[{ os: 'linux', architecture: 's390x' }, 'linux/s390x'], [{ os: 'linux', architecture: 'arm', variant: 'v8' }, 'linux/arm/v8'], [{ os: 'windows', architecture: 'amd64' }, 'windows/amd64']])('%j is not in it', (wanted, text) => {
    expect(() => choose(index, wanted)).toThrow(`no matching manifest for ${text} in the manifest list entries`);
  });
});

test('what is pushed is written as dockerd writes it, byte for byte', () => {
  const text = writeManifest({ digest: 'sha256:6b2a76e1e48492d7de2a6654a0e3365f7201d28b9db644789e3f2aaa0337c06b', size: 768 }, [{ digest: 'sha256:472fdf877ae56835a731c4e28558a1e790d9c0773557ba94a49b02c8a88951ae', size: 1_044_123 }]);
  expect(text).toBe(`{
   "schemaVersion": 2,
   "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
   "config": {
      "mediaType": "application/vnd.docker.container.image.v1+json",
      "size": 768,
      "digest": "sha256:6b2a76e1e48492d7de2a6654a0e3365f7201d28b9db644789e3f2aaa0337c06b"
   },
   "layers": [
      {
         "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
         "size": 1044123,
         "digest": "sha256:472fdf877ae56835a731c4e28558a1e790d9c0773557ba94a49b02c8a88951ae"
      }
   ]
}`);
  expect(parseManifest({ mediaType: DOCKER.manifest, text, digest: digest(text) })).toMatchObject({ kind: 'image', manifest: { layers: [{ size: 1_044_123 }] } });
});

test.each([
  ['application/vnd.docker.distribution.manifest.v1+prettyjws', /schema version 1 are no longer supported/],
  ['text/html', /unsupported manifest media type "text\/html"/],
  [DOCKER.manifest, /is not JSON/],
])('%s is refused when it is no manifest', (mediaType, words) => {
  expect(() => parseManifest({ mediaType, text: '<html>', digest: 'sha256:0' })).toThrow(words);
});

test('a digest that is none, which could be a path, is refused', () => {
  const text = JSON.stringify({ schemaVersion: 2, config: { mediaType: DOCKER.config, digest: 'sha256:../../x', size: 1 }, layers: [] });
  expect(() => parseManifest({ mediaType: DOCKER.manifest, text, digest: 'm' })).toThrow('is no sha256 digest');
});

test.each([['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'], ['application/vnd.oci.image.layer.v1.tar', ''], ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'], [DOCKER.layer, 'gzip']])('layers of the type %s are unpacked', (mediaType, compression) => {
  expect(compressionOf({ mediaType, digest: digest('x'), size: 1 })).toBe(compression);
});
test('layers of another type are refused by name', () => {
  expect(() => compressionOf({ mediaType: 'application/vnd.oci.image.layer.v1.tar+lz4', digest: digest('x'), size: 1 })).toThrow('layers of the type "application/vnd.oci.image.layer.v1.tar+lz4" cannot be unpacked');
});
