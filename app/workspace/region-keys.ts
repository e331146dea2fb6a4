// F6 goes round the page's regions (elements with data-region), because a terminal takes the Tab key. Ctrl+Shift+; does the same on
// keyboards whose F6 is something else.
import { useEffect } from 'react';

export function useRegionKeys(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const leave = event.key === 'F6' || (event.ctrlKey && event.shiftKey && event.code === 'Semicolon');
      if (!leave || event.altKey || event.metaKey || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      const regions = [...document.querySelectorAll<HTMLElement>('[data-region]')].filter((region) => region.offsetParent !== null);
      const here = regions.findIndex((region) => region.contains(document.activeElement));
      const step = event.shiftKey && event.key === 'F6' ? -1 : 1;
      const next = regions[(here + step + regions.length) % regions.length];
      if (next) focusRegion(next);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
}

function focusRegion(region: HTMLElement): void {
  const terminal = region.querySelector<HTMLElement>('.terminal-view:not([hidden]) textarea');
  (terminal ?? region).focus({ preventScroll: !terminal });
}
