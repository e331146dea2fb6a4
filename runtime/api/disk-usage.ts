// GET /system/df: what images, containers and volumes take. Called by system.ts.
import { SlipwayError } from '../errors.ts';
import type { Api } from './api.ts';
import { buildCacheUsage } from './buildkit.ts';
import { listEntry } from './container-list.ts';
import { containerSize } from './containers.ts';
import { describe, usersOf, volumeSizes } from './volumes.ts';

const TYPES = ['container', 'image', 'volume', 'build-cache'];

/** Of all kinds, or of those that are asked for: what is not asked for is not counted. */
export async function diskUsage(api: Api, types: readonly string[]): Promise<Record<string, unknown>> {
  const unknown = types.find(type => !TYPES.includes(type));
  if (unknown !== undefined) throw new SlipwayError('InvalidParameter', `unknown object type: ${unknown}`);
  const wants = (type: string) => types.length === 0 || types.includes(type);
  return {
    ...(wants('image') ? images(api) : { LayersSize: 0, Images: null }),
    Containers: wants('container') ? await Promise.all([...api.host.containers.values()].map(async c => listEntry(api, c, await containerSize(api, c)))) : null,
    Volumes: wants('volume') ? await volumes(api) : null,
    BuildCache: wants('build-cache') ? await buildCacheUsage(api) : null,
  };
}

function images(api: Api) {
  const containers = [...api.host.containers.values()];
  const layers = new Map(api.images.all().flatMap(image => image.layers.map(layer => [layer.key, layer.sizeBytes])));
  return {
    LayersSize: [...layers.values()].reduce((sum, bytes) => sum + bytes, 0),
    Images: api.images.list({ sharedSize: true }).map(image => ({ ...image, Containers: containers.filter(c => c.record.imageId === image.Id).length })),
  };
}

async function volumes(api: Api) {
  const all = [...api.host.volumes.byName.values()];
  const sizes = await volumeSizes(api, all);
  return all.map(v => ({ ...describe(v), UsageData: { RefCount: usersOf(api, v).length, Size: sizes.get(v.name) ?? 0 } }));
}
