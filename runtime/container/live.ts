// A container object around its record: what create.ts makes and the engine's restart restores.
import type { Container, ContainerRecord } from './model.ts';

export function containerOf(record: ContainerRecord): Container {
  return {
    record,
    live: { busy: Promise.resolve(), shim: null, pendingAttachments: new Set(), exitWaiters: new Set(), stopWaiters: new Set(), startAgain: null, restartTimer: null, heldDown: false, restartDelayMs: 0, removeWaiters: new Set(), execIds: new Set(), health: null, removing: false },
  };
}
