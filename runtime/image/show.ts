// Images in the shapes of the Docker API: the list, inspect, history. Pure.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Image
import { SlipwayError } from '../errors.ts';
import { layerPath } from '../snapshot/layer-path.ts';
import { imageFilter } from './filter.ts';
import type { Image, ImageFilters, ImageSummary } from './model.ts';
import { familiarString, parseReference } from './reference.ts';

export function summaries(images: Image[], { filters = new Map(), sharedSize = false, all = false, find }: { filters?: ImageFilters; sharedSize?: boolean; all?: boolean; find: (text: string) => Image }): ImageSummary[] {
  const keep = imageFilter(filters, find);
  const parents = new Set(images.map(image => image.parent));
  return images.flatMap(image => {
    // A nameless image with children is a step of theirs; only -a shows it.
    if (image.references.length === 0 && parents.has(image.id) && (!all || filters.has('dangling'))) return [];
    const references = keep(image);
    if (!references) return [];
    return [{
      Containers: -1,
      Created: created(image),
      Id: image.id,
      Labels: image.config.config.Labels ?? null,
      ParentId: image.parent,
      ...names(references),
      SharedSize: sharedSize ? shared(image, images) : -1,
      Size: size(image),
    }];
  }).sort((a, b) => b.Created - a.Created);
}

export function inspect(image: Image): Record<string, unknown> {
  const { config } = image;
  const directories = image.layers.map(layer => layerPath(layer.key)).reverse();
  const { RepoTags, RepoDigests } = names(image.references);
  const own = config.config;
  const optional = (name: 'ExposedPorts' | 'StopSignal' | 'Healthcheck' | 'Shell' | 'ArgsEscaped') => own[name] === undefined || own[name] === null ? {} : { [name]: own[name] };
  return {
    Id: image.id, RepoTags, RepoDigests, Parent: image.parent,
    Comment: config.comment || config.history.at(-1)?.comment || '',
    Created: config.created ?? '0001-01-01T00:00:00Z',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: {
      Hostname: own.Hostname ?? '', Domainname: own.Domainname ?? '', User: own.User ?? '', AttachStdin: own.AttachStdin ?? false, AttachStdout: own.AttachStdout ?? false, AttachStderr: own.AttachStderr ?? false,
      ...optional('ExposedPorts'), Tty: own.Tty ?? false, OpenStdin: own.OpenStdin ?? false, StdinOnce: own.StdinOnce ?? false, Env: own.Env ?? null, Cmd: own.Cmd ?? null, ...optional('Healthcheck'), ...optional('ArgsEscaped'),
      Image: own.Image ?? '', Volumes: own.Volumes ?? null, WorkingDir: own.WorkingDir ?? '', Entrypoint: own.Entrypoint ?? null, OnBuild: own.OnBuild ?? null,
      Labels: own.Labels ?? null, ...optional('StopSignal'), ...optional('Shell'),
    },
    Architecture: config.architecture,
    ...(config.variant ? { Variant: config.variant } : {}),
    Os: config.os,
    Size: size(image),
    // Where the layers' files really are on the host, the top one first.
    GraphDriver: { Data: { ...(directories.length > 1 ? { LowerDir: directories.slice(1).join(':') } : {}), UpperDir: directories[0] ?? '' }, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: image.layers.map(layer => layer.diffId) },
    Metadata: { LastTagTime: image.lastTagTime || '0001-01-01T00:00:00Z' },
  };
}

/** Newest step first; a step without files has no layer. */
export function history(image: Image, images: readonly Image[] = []): Record<string, unknown>[] {
  let at = 0;
  const items = image.config.history.map(step => {
    const layer = step.empty_layer ? undefined : image.layers[at++];
    return {
      Comment: step.comment ?? '', Created: step.created ? Math.floor(Date.parse(step.created) / 1000) : -62_135_596_800, CreatedBy: step.created_by ?? '',
      Id: '<missing>', Size: layer?.sizeBytes ?? 0, Tags: null as string[] | null,
    };
  }).reverse();
  if (at > image.layers.length) throw new SlipwayError('System', 'too many non-empty layers in History section');
  // Steps whose images are here have ids and names.
  let step: Image | undefined = image;
  for (let i = 0; i < items.length && step; i++) {
    const { RepoTags } = names(step.references);
    items[i] = { ...items[i]!, Id: step.id, Tags: RepoTags.length ? RepoTags : null };
    const { parent }: Image = step;
    step = images.find(other => other.id === parent);
  }
  return items;
}

/** Unpacked, all layers together. */
export const size = (image: Pick<Image, 'layers'>) => image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
const created = (image: Image) => image.config.created ? Math.floor(Date.parse(image.config.created) / 1000) : 0;

function names(references: readonly string[]): { RepoTags: string[]; RepoDigests: string[] } {
  const familiar = references.map(name => familiarString(parseReference(name)));
  return { RepoDigests: familiar.filter(name => name.includes('@')), RepoTags: familiar.filter(name => !name.includes('@')) };
}

function shared(image: Image, images: Image[]): number {
  const elsewhere = new Set(images.filter(other => other.id !== image.id).flatMap(other => other.layers.map(layer => layer.key)));
  return image.layers.reduce((sum, layer) => sum + (elsewhere.has(layer.key) ? layer.sizeBytes : 0), 0);
}
