// The engine's records of images, volumes and networks, for grading. Read only when an open task asks about such things and something has happened.
import type { Host } from '../container/model.ts';
import type { ImageStore } from '../image/model.ts';
import type { Details } from '../lab/readings.ts';

export function detailsOf(host: Host, images: ImageStore): Details {
  return {
    images: images.all().map(image => ({ inspect: images.inspect(image.id), history: images.history(image.id), layers: image.layers.map(({ diffId, sizeBytes }) => ({ diffId, sizeBytes })) })),
    volumes: [...host.volumes.byName.values()].map(({ name, anonymous, labels }) => ({ name, anonymous, driver: 'local', labels })),
    networks: host.networks.all().map(network => ({
      id: network.id, name: network.name, driver: network.driver, builtin: network.builtin, internal: network.internal, labels: { ...network.labels },
      containers: [...host.containers.values()].filter(({ record }) => (record.state.status === 'running' || record.state.status === 'paused') && network.name in record.endpoints).map(({ record }) => record.id),
    })),
  };
}
