// POST /commit: a container's changes become a layer of its own, and with its configuration an image. The container pauses meanwhile.
import { SlipwayError } from '../errors.ts';
import { makeImage } from '../image/made.ts';
import type { Image, ImageEvent, ImageStore } from '../image/model.ts';
import { canonicalName, familiarString, parseReference, withDefaultTag, withTag } from '../image/reference.ts';
import { layerFromUpper } from '../snapshot/layers.ts';
import type { ContainerConfig } from './config.ts';
import { pause, unpause } from './pause.ts';
import { diffDir } from './paths.ts';
import { emit } from './state.ts';
import { timestamp } from './time.ts';
import type { Container, Host } from './model.ts';

export interface CommitOptions { repo: string; tag: string; author: string; comment: string; pause: boolean; config: ContainerConfig; dockerVersion: string; architecture: string }

export async function commit(host: Host, images: ImageStore, container: Container, options: CommitOptions): Promise<{ id: string }> {
  const { record } = container;
  if (container.live.removing || record.state.status === 'dead') throw new SlipwayError('Conflict', `You cannot commit container ${record.id} which is being removed`);
  const name = newName(options.repo, options.tag);
  const parent = parentOf(images, container);
  const pauses = options.pause && record.state.status === 'running';
  if (pauses) await pause(host, container);
  let layer;
  try {
    layer = await layerFromUpper(host, diffDir(record.id), parent.layers);
  } finally {
    if (pauses) await unpause(host, container);
  }
  const image = makeImage({
    parent, layer, config: asImageConfig(options.config), container: { id: record.id, config: asImageConfig(record.config) },
    createdBy: [record.path, ...record.args].join(' '), author: options.author, comment: options.comment,
    created: timestamp(), architecture: options.architecture, dockerVersion: options.dockerVersion,
  });
  await images.put(image, { names: name ? [canonicalName(name)] : [], events: name ? [tagEvent(image, familiarString(name))] : [] });
  emit(host, container, 'commit', { comment: options.comment, imageID: image.id, imageRef: name ? canonicalName(name) : '' });
  return { id: image.id };
}

/** The image of a container, or, when it was removed by force, its layers at least. */
function parentOf(images: ImageStore, container: Container): Image {
  const image = images.all().find(other => other.id === container.record.imageId);
  if (!image) throw new SlipwayError('NotFound', `No such image: ${container.record.imageId}`);
  return image;
}

/** The name a new image shall have: none, or one with a tag. */
export function newName(repo: string, tag: string) {
  if (repo === '') return null;
  const reference = parseReference(repo);
  if (reference.digest !== undefined) throw new SlipwayError('InvalidParameter', 'cannot import digest reference');
  return withDefaultTag(tag ? withTag(reference, tag) : reference);
}

export const tagEvent = (image: Pick<Image, 'id' | 'config'>, name: string): ImageEvent => ({ action: 'tag', id: image.id, attributes: { ...image.config.config.Labels, name } });

/** A container's configuration as an image's config holds it, in dockerd's order. */
export function asImageConfig(c: ContainerConfig): Image['config']['config'] {
  const optional = (key: string, value: unknown) => (value === undefined || value === null || value === '' ? {} : { [key]: value });
  return {
    Hostname: c.Hostname, Domainname: c.Domainname, User: c.User, AttachStdin: c.AttachStdin, AttachStdout: c.AttachStdout, AttachStderr: c.AttachStderr,
    ...optional('ExposedPorts', c.ExposedPorts), Tty: c.Tty, OpenStdin: c.OpenStdin, StdinOnce: c.StdinOnce, Env: c.Env, Cmd: c.Cmd, ...optional('Healthcheck', c.Healthcheck),
    Image: c.Image, Volumes: c.Volumes ?? null, WorkingDir: c.WorkingDir, Entrypoint: c.Entrypoint, OnBuild: c.OnBuild, Labels: c.Labels,
    ...optional('StopSignal', c.StopSignal), ...optional('StopTimeout', c.StopTimeout), ...optional('Shell', c.Shell),
  } as Image['config']['config'];
}
