// GET /system/df: what images, containers and volumes take. Called by system.ts.
import type { Api } from './api.ts';
import { buildCacheUsage } from './buildkit.ts';
import { listEntry } from './container-list.ts';
import { containerSize } from './containers.ts';
import { describe, usersOf, volumeSizes } from './volumes.ts';

export async function diskUsage(api: Api): Promise<Record<string, unknown>> {
  const containers = [...api.host.containers.values()];
  const images = api.images.list({ sharedSize: true }).map(image => ({ ...image, Containers: containers.filter(c => c.record.imageId === image.Id).length }));
  const layers = new Map(api.images.all().flatMap(image => image.layers.map(layer => [layer.key, layer.sizeBytes])));
  const volumes = [...api.host.volumes.byName.values()];
  const sizes = await volumeSizes(api, volumes);
  return {
    LayersSize: [...layers.values()].reduce((sum, bytes) => sum + bytes, 0),
    Images: images,
    Containers: await Promise.all(containers.map(async c => listEntry(api, c, await containerSize(api, c)))),
    Volumes: volumes.map(v => ({ ...describe(v), UsageData: { RefCount: usersOf(api, v).length, Size: sizes.get(v.name) ?? 0 } })),
    BuildCache: await buildCacheUsage(api),
  };
}
