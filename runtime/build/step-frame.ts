// What every step of the classic builder has around it: the look into the cache, its container, the image that it ends as, and what is told of
// them. Called by builder.ts. Words are dockerd's.
import { asImageConfig } from '../container/commit.ts';
import { createBodySchema, type ContainerConfig } from '../container/config.ts';
import type { Container } from '../container/model.ts';
import { timestamp } from '../container/time.ts';
import { SlipwayError } from '../errors.ts';
import { makeImage, type NewImage } from '../image/made.ts';
import type { Image, ImageLayer } from '../image/model.ts';
import { MAX_LAYERS } from '../snapshot/layer-path.ts';
import type { BuildOptions, BuildParts } from './build-options.ts';
import { findCached } from './cache.ts';

export interface Stage { name: string; image: Image | NewImage | null; config: ContainerConfig; cmdSet: boolean; cacheMissed: boolean; author: string }

export const short = (id: string) => id.replace('sha256:', '').slice(0, 12);

export class StepFrame {
  /** The image of a FROM is told once, after the last of its triggers. */
  triggersLeft = 0;
  private readonly parts: BuildParts;
  private readonly options: BuildOptions;
  constructor(parts: BuildParts, options: BuildOptions) {
    this.parts = parts;
    this.options = options;
  }

  async stepDone(stage: Stage): Promise<void> {
    if (this.triggersLeft === 0) await this.parts.output.text(` ---> ${stage.image ? short(stage.image.id) : ''}\n`);
  }

  layers(stage: Stage): readonly ImageLayer[] { return stage.image?.layers ?? []; }

  async cached(stage: Stage, step: ContainerConfig): Promise<boolean> {
    if (this.options.noCache || stage.cacheMissed) return false;
    const image = findCached(this.parts.images.all(), stage.image?.id ?? '', asImageConfig(step));
    if (!image) {
      stage.cacheMissed = true;
      return false;
    }
    stage.image = image;
    stage.config = { ...stage.config, Image: image.id };
    await this.parts.output.text(' ---> Using cache\n');
    await this.stepDone(stage);
    return true;
  }

  async container(config: ContainerConfig): Promise<Container> {
    const { host, verbs, output } = this.parts;
    if (!config.Image) config = { ...config, Image: '' };
    const body = createBodySchema.parse({ ...config, HostConfig: { ...this.options.limits, NetworkMode: this.options.network || 'default', ExtraHosts: [...this.options.extraHosts] } });
    const { id } = await verbs.create(host, { name: null, platform: '', body: { ...body, Cmd: config.Cmd } });
    await output.text(` ---> Running in ${short(id)}\n`);
    return verbs.resolve(host, id);
  }

  async removeContainer(container: Container): Promise<void> {
    const { host, verbs, output } = this.parts;
    if (this.options.keepContainers) return;
    await verbs.remove(host, container, { force: true, volumes: true });
    await output.text(` ---> Removed intermediate container ${short(container.record.id)}\n`);
  }

  async commit(stage: Stage, layer: ImageLayer | null, step: ContainerConfig, container?: Container): Promise<void> {
    if (layer && this.layers(stage).length >= MAX_LAYERS) throw new SlipwayError('System', 'max depth exceeded');
    const image = makeImage({
      parent: stage.image as Image | null, layer, config: asImageConfig(stage.config), container: { id: container?.record.id ?? '', config: asImageConfig(step) },
      createdBy: (step.Cmd ?? []).join(' '), author: stage.author, comment: '', created: timestamp(), architecture: this.parts.architecture, dockerVersion: this.parts.dockerVersion,
    });
    await this.parts.images.put(image, { names: [], events: [] });
    stage.image = image;
    stage.config = { ...stage.config, Image: image.id };
  }
}
