// The configuration of an image that is made here, from its parent's and what is new; its digest is the image's id. Pure.
// Called by container/commit.ts, by build/ and for imports. https://github.com/moby/moby/blob/v26.1.5/image/image.go
import { digestOfBytes, type ImageId } from '../content/digest.ts';
import { imageConfigSchema, type ContainerConfig } from '../content/oci.ts';
import { parsed } from '../content/layout.ts';
import type { Image, ImageLayer } from './model.ts';

export type NewImage = Omit<Image, 'references' | 'lastTagTime'>;

export interface Making {
  parent: Image | null;
  /** Null: nothing of the files has changed. */
  layer: ImageLayer | null;
  /** Of the new image, whole. */
  config: ContainerConfig;
  container?: { id: string; config: ContainerConfig };
  createdBy: string;
  author: string;
  comment: string;
  created: string;
  architecture: string;
  dockerVersion: string;
}

export function makeImage(making: Making): NewImage {
  const { parent, layer, container } = making;
  const author = making.author || (parent?.config.author ?? '');
  const layers = [...(parent?.layers ?? []), ...(layer ? [layer] : [])];
  const step = {
    created: making.created,
    ...(making.createdBy ? { created_by: making.createdBy } : {}),
    ...(author ? { author } : {}),
    ...(making.comment ? { comment: making.comment } : {}),
    ...(layer ? {} : { empty_layer: true }),
  };
  // dockerd's order of keys is the alphabet's
  const configText = JSON.stringify({
    architecture: parent?.config.architecture ?? making.architecture,
    ...(author ? { author } : {}),
    config: making.config,
    ...(container ? { container: container.id, container_config: container.config } : {}),
    created: making.created,
    docker_version: making.dockerVersion,
    history: [...(parent?.config.history ?? []), step],
    os: parent?.config.os ?? 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(l => l.diffId) },
    ...(parent?.config.variant ? { variant: parent.config.variant } : {}),
  });
  const id = digestOfBytes(configText) as string as ImageId;
  return { id, configText, config: parsed(imageConfigSchema, configText, `image ${id}`), layers, parent: parent?.id ?? '' };
}
