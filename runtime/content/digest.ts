// Names of content. Digests are branded so that a diff id is never taken for a chain id, nor a tag for either.
// https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md#digests
import { createHash } from 'node:crypto';
import { z } from 'zod';

declare const kind: unique symbol;
type Branded<Name extends string> = string & { readonly [kind]: Name };

/** Names a blob by the sha256 of its bytes. */
export type Digest = Branded<'Digest'>;
/** Names a layer by the sha256 of its uncompressed archive. */
export type DiffId = Branded<'DiffId'>;
/** Names a layer together with all below it. */
export type ChainId = Branded<'ChainId'>;
/** Names an image: the digest of its config. */
export type ImageId = Branded<'ImageId'>;

const SHA256 = /^sha256:[0-9a-f]{64}$/;
const branded = <T extends string>() => z.string().regex(SHA256, 'is no sha256 digest').transform(text => text as T);
export const digestSchema = branded<Digest>();
export const diffIdSchema = branded<DiffId>();
export const imageIdSchema = branded<ImageId>();

export const isDigest = (text: string): text is Digest => SHA256.test(text);
export const digestOfBytes = (bytes: string | Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
/** The 64 hexadecimal digits. */
export const hexOf = (digest: string) => digest.slice('sha256:'.length);

/** Bottom layer first, one chain id for each layer: https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md#layer-chainid */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push((below === undefined ? diffId : digestOfBytes(`${below} ${diffId}`)) as string as ChainId);
  }
  return chain;
}
