// Tells whether somebody is there: that the tab is seen, and that the page is being used. Started by WorkspaceClient, which tells the server; keys in terminals
// go there anyway. Knows nothing of what follows from it.

/** The server thinks in minutes. */
const SAY_EVERY_MS = 15_000;
const USES = ['pointerdown', 'keydown', 'wheel', 'touchmove'] as const;

export const isSeen = (): boolean => typeof document === 'undefined' || document.visibilityState === 'visible';

/** The returned function ends it. */
export function watchPresence(tell: { seen(seen: boolean): void; used(): void }): () => void {
  if (typeof document === 'undefined') return () => undefined;
  let saidAt = -Infinity;
  const onUse = () => {
    if (performance.now() - saidAt < SAY_EVERY_MS) return;
    saidAt = performance.now();
    tell.used();
  };
  const onSeen = () => tell.seen(isSeen());
  document.addEventListener('visibilitychange', onSeen);
  for (const use of USES) document.addEventListener(use, onUse, { capture: true, passive: true });
  return () => {
    document.removeEventListener('visibilitychange', onSeen);
    for (const use of USES) document.removeEventListener(use, onUse, { capture: true });
  };
}
