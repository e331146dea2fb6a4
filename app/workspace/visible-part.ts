// With an on-screen keyboard up, a workspace takes exactly what is left of the window. Some browsers shrink the page by themselves (layout.tsx asks for
// it), others (Safari) lay the keyboard over it: there the visual viewport says what can be seen. What can wait, such as the site's header, goes meanwhile
// (styles/workspace.css), so that a few lines of the terminal stay. Used by the workspaces; does nothing where there is no such keyboard.
import { useEffect } from 'react';

/** A keyboard takes about half of a phone; an address bar that comes and goes takes a tenth. */
const KEYBOARD_TAKES = 0.25;

export function useVisiblePart(): void {
  useEffect(() => {
    const viewport = window.visualViewport;
    if (!viewport || !matchMedia('(pointer: coarse)').matches) return;
    const root = document.documentElement;
    let tallest = { width: 0, height: 0 };
    const look = () => {
      // A page that was zoomed into is looked at through a smaller window; that is no keyboard.
      if (viewport.scale > 1.01) return;
      if (viewport.width !== tallest.width) tallest = { width: viewport.width, height: 0 };
      tallest.height = Math.max(tallest.height, viewport.height, window.innerHeight);
      const typing = viewport.height < tallest.height * (1 - KEYBOARD_TAKES) && document.activeElement?.matches('input, textarea, [contenteditable]') === true;
      root.toggleAttribute('data-keyboard', typing);
      root.style.setProperty('--visible-height', `${viewport.height}px`);
      root.style.setProperty('--visible-top', `${viewport.offsetTop}px`);
    };
    look();
    viewport.addEventListener('resize', look);
    viewport.addEventListener('scroll', look);
    document.addEventListener('focusout', look);
    return () => {
      viewport.removeEventListener('resize', look);
      viewport.removeEventListener('scroll', look);
      document.removeEventListener('focusout', look);
      root.removeAttribute('data-keyboard');
    };
  }, []);
}
