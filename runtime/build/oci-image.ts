// The image that BuildKit's builder makes of a finished stage: its configuration, byte for byte the same for the same steps. Pure.
// https://github.com/moby/buildkit/blob/v0.13.2/exporter/containerimage/writer.go
import type { ContainerConfig } from '../container/config.ts';
import { parsed } from '../content/layout.ts';
import { imageConfigSchema, type History, type ImageConfig } from '../content/oci.ts';
import { digestOfBytes, type ImageId } from '../content/digest.ts';
import type { NewImage } from '../image/made.ts';
import type { ImageLayer } from '../image/model.ts';

export const COMMENT = 'buildkit.dockerfile.v0';

export interface Made {
  /** Of the image that the first stage began with. */
  base: ImageConfig | null;
  layers: readonly ImageLayer[];
  config: ContainerConfig & { ArgsEscaped?: boolean | null };
  /** Steps since then; those with a layer say when it was made. */
  history: readonly History[];
  author: string;
  architecture: string;
}

export function ociImage({ base, layers, config, history, author, architecture }: Made): NewImage {
  const all = [...(base?.history ?? []), ...timed(base, history)];
  const configText = JSON.stringify({
    architecture: base?.architecture ?? architecture,
    ...(author ? { author } : {}),
    config: asOci(config),
    created: all.at(-1)?.created ?? base?.created,
    history: all,
    os: base?.os ?? 'linux',
    rootfs: { type: 'layers', diff_ids: layers.map(layer => layer.diffId) },
    ...(base?.variant ? { variant: base.variant } : {}),
  });
  const id = digestOfBytes(configText) as string as ImageId;
  return { id, configText, config: parsed(imageConfigSchema, configText, `image ${id}`), layers: [...layers], parent: '' };
}

/** A step without files is as old as the first layer made here, or as the layer before it. */
function timed(base: ImageConfig | null, history: readonly History[]): History[] {
  let created = history.find(step => step.created !== undefined)?.created ?? base?.history.findLast(step => step.created !== undefined)?.created ?? base?.created ?? new Date().toISOString();
  return history.map(step => {
    created = step.created ?? created;
    return { created, ...step };
  });
}

/** What is empty is left out. */
function asOci(c: Made['config']): Record<string, unknown> {
  const given: [string, unknown][] = [
    ['User', c.User], ['ExposedPorts', c.ExposedPorts], ['Env', c.Env], ['Entrypoint', c.Entrypoint], ['Cmd', c.Cmd], ['Volumes', c.Volumes], ['WorkingDir', c.WorkingDir], ['Labels', c.Labels], ['StopSignal', c.StopSignal],
    ['ArgsEscaped', c.ArgsEscaped], ['Healthcheck', c.Healthcheck], ['OnBuild', c.OnBuild], ['Shell', c.Shell],
  ];
  return Object.fromEntries(given.map(([key, value]): [string, unknown] => [key, value && typeof value === 'object' && !Array.isArray(value) && key !== 'Healthcheck' ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value]).filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false && !(typeof value === 'object' && Object.keys(value).length === 0)));
}
