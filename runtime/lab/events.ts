// A host's Docker events: the newest are kept for `docker events --since`, and every subscriber gets each new one in order.
// Events announce what has happened; nothing in the engine acts on them.
import type { EngineEvent } from './control.ts';
import { Newest } from './newest.ts';

const KEPT = { items: 1024, bytes: 4 << 20 }; // dockerd keeps 256

export interface EventBus {
  /** Announces, and returns the message as sent. */
  emit(type: 'container' | 'image' | 'network' | 'volume' | 'daemon', action: string, id: string, attributes: Record<string, string>): EngineEvent;
  /** Kept events, oldest first. */
  past(): readonly EngineEvent[];
  /** Calls the listener for every event from now on; the returned function ends it. Listeners must not throw. */
  subscribe(listener: (event: EngineEvent) => void): () => void;
}

/** `earlier` are events from before a restart of the engine, oldest first. */
export function createEventBus(now: () => bigint, earlier: readonly EngineEvent[] = []): EventBus {
  const kept = new Newest<EngineEvent>(KEPT);
  const keep = (event: EngineEvent) => kept.push(event, JSON.stringify(event).length);
  for (const event of earlier.slice(-KEPT.items)) keep(event);
  const listeners = new Set<(event: EngineEvent) => void>();
  return {
    emit(type, action, id, attributes) {
      const nano = now();
      const event: EngineEvent = { Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: 'local', time: Number(nano / 1_000_000_000n), timeNano: Number(nano) };
      keep(event);
      for (const listener of listeners) listener(event);
      return event;
    },
    past: () => kept.items,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
