// Images that others are built upon, made from files rather than from a Dockerfile, and what every image of the library says of itself.
import { CREATED } from './epoch.ts';
import type { LayerBlob } from './layer.ts';
import type { BuiltImage } from './layout.ts';

export type BaseImage = {
  tags: string[];
  title: string;
  version: string;
  description: string;
  layers: LayerBlob[];
  history: { created_by: string; empty_layer?: boolean; comment?: string }[];
  config: Record<string, unknown>;
};

/** `docker pull` shows it (runtime/image/library.ts). Only on images that have an official one's name. */
export const STAND_IN = 'slipway.image.stand-in';

/** Few, since every container of the image has them, too. */
export function labelsOf({ title, version }: Pick<BaseImage, 'title' | 'version'>, source: string): Record<string, string> {
  return {
    'org.opencontainers.image.title': title, 'org.opencontainers.image.version': version,
    ...(title.includes('/') ? {} : { [STAND_IN]: `Slipway's own ${title} ${version}, made from ${source}: it stands in for the official image` }),
  };
}

/** On its manifest: `docker search` reads them. */
export const notesOf = ({ description }: Pick<BaseImage, 'description'>): Record<string, string> => ({ 'org.opencontainers.image.description': description, 'org.opencontainers.image.vendor': 'Slipway' });

export function finished(image: BaseImage, source: string, annotations: Record<string, string>): BuiltImage {
  return {
    tags: image.tags, layers: image.layers, annotations, notes: notesOf(image),
    config: { ...image.config, Labels: labelsOf(image, source) },
    history: image.history.map(step => ({ created: CREATED, ...step })),
  };
}
