// The classic builder's cache: an image of this host that was made from the same parent by the same step. Pure.
// https://github.com/moby/moby/blob/v26.1.5/image/cache/compare.go
import type { ContainerConfig } from '../content/oci.ts';
import type { Image } from '../image/model.ts';

const COMPARED = ['OpenStdin', 'AttachStdin', 'AttachStdout', 'AttachStderr', 'Tty', 'Cmd', 'Env', 'Labels', 'ExposedPorts', 'Volumes', 'Entrypoint'] as const;

/** The newest of them. `step` is the configuration of the container that would do the step. */
export function findCached(images: readonly Image[], parent: string, step: ContainerConfig): Image | undefined {
  const wanted = signature(step);
  return images.filter(image => image.parent === parent && 'container_config' in image.config && signature(image.config.container_config as ContainerConfig) === wanted)
    .sort((a, b) => (a.config.created ?? '').localeCompare(b.config.created ?? '')).at(-1);
}

const signature = (config: ContainerConfig) => JSON.stringify(COMPARED.map(key => {
  const value = config[key];
  if (Array.isArray(value)) return value.length ? value : null;
  if (value && typeof value === 'object') return Object.keys(value).length ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : null;
  return value || null;
}));
