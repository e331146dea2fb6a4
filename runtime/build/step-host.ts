// The host as a RUN of BuildKit's builder sees it: the lab's own networks, broker and limits, but containers, names and events that nobody else
// sees. Its container is marked in its record, so that a restarted engine ends what a crash has left (lab/restore.ts).
import type { Host, ImageForContainer } from '../container/model.ts';
import { createEventBus } from '../lab/events.ts';

export function stepHost(host: Host, layers: readonly string[]): Host {
  const base: ImageForContainer = { id: '', config: {}, layers: [...layers] };
  return {
    ...host, ofBuild: true,
    containers: new Map(), names: new Map(), execs: new Map(),
    images: { resolve: () => base },
    events: createEventBus(() => 0n),
    onError: error => host.onError(error),
  };
}
