// Registries outside, as far as the operator allows labs to have images from them: asked through the mirror, a process of its own, never from here. Made by
// engine.ts, called by api/ when neither the library nor the lab's own network is meant. Off unless the operator names upstreams (docs/operating.md).
import type { DiffId } from '../content/digest.ts';
import { SlipwayError } from '../errors.ts';
import type { Place } from '../kernel/stream.ts';
import { mirrorSocket } from '../paths.ts';
import { mirrorSource, type ImageSource } from '../registry/mirror-client.ts';
import { isAllowed, type Upstreams } from '../registry/upstreams.ts';
import { upstreamKey } from '../snapshot/layer-path.ts';
import type { LayerPlace } from './local-layers.ts';
import { DEFAULT_DOMAIN, familiarName, type Reference } from './reference.ts';
import { SharedLayers } from './shared-layers.ts';
import type { Descriptor } from '../content/oci.ts';

export interface Mirror {
  /** True when the operator lets labs have this repository's images. Throws Forbidden, in words, for another repository of a registry that is allowed in part. */
  allows(reference: Reference): boolean;
  /** Manifests and such; the caller closes it. */
  source(domain: string, signal?: AbortSignal): ImageSource;
  /** Where what a lab pulls of it goes. */
  place(reference: Reference, lab: string): LayerPlace;
  /** A shared layer as it came, for push and save. */
  blob(diffId: DiffId): { descriptor: Descriptor; bytes: (signal?: AbortSignal) => AsyncIterable<Buffer> } | undefined;
  /** Which repositories labs may have of it, in words; '' for none. */
  offer(domain: string): string;
  restore(): Promise<void>;
}

export function openMirror(upstreams: Upstreams, broker: Place['broker'], onError: (error: unknown) => void): Mirror {
  const layers = new SharedLayers(broker, () => upstreams.settings(), onError);
  const source = (domain: string, signal?: AbortSignal) => mirrorSource(mirrorSocket, domain, signal);
  return {
    allows(reference) {
      const upstream = upstreams.of(reference.domain);
      if (!upstream) return false;
      if (isAllowed(upstream, reference.path)) return true;
      if (reference.domain === DEFAULT_DOMAIN) return false; // the library has words for what it lacks
      throw new SlipwayError('Forbidden', `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': denied: requested access to the resource is denied\nFrom ${reference.domain} this lab can have ${upstream.allow.join(', ')}.`);
    },
    source,
    place: ({ domain, path }, lab) => ({
      key: upstreamKey,
      isWhole: key => layers.has(key),
      fetch: (layer, hears) => layers.fetch({ ...layer, domain, path, lab, open: signal => source(domain, signal) }, hears),
      hold: keys => layers.hold(keys),
    }),
    blob(diffId) {
      const found = layers.find(diffId);
      return found && { descriptor: found.blob, bytes: signal => source(found.domain, signal).blob(found.path, found.blob) };
    },
    offer: domain => upstreams.of(domain)?.allow.join(', ') ?? '',
    restore: () => layers.restore(),
  };
}

