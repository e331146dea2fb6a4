// The terminal's colours: paper and harbour go with the site's light and dark; contrast is for those who need every bit of it.
// xterm lifts any colour a program chooses to `minimum` against the background.
import type { ITheme } from '@xterm/xterm';
import type { Colours } from './settings.ts';

interface TerminalTheme { theme: ITheme; minimum: number; }

const paper: ITheme = {
  background: '#fffdf7', foreground: '#1d2932', cursor: '#b23d1c', cursorAccent: '#fffdf7', selectionBackground: '#f0cdbd', selectionInactiveBackground: '#e9e2d4',
  black: '#1d2932', red: '#b3261e', green: '#23683a', yellow: '#7d5100', blue: '#1d5691', magenta: '#84307a', cyan: '#17656e', white: '#6b7278',
  brightBlack: '#57626b', brightRed: '#c93a22', brightGreen: '#2c7a46', brightYellow: '#8a6100', brightBlue: '#2a68ab', brightMagenta: '#9a4090', brightCyan: '#1f7781', brightWhite: '#1d2932',
};
const harbour: ITheme = {
  background: '#0b1116', foreground: '#e0ddd3', cursor: '#ec7044', cursorAccent: '#0b1116', selectionBackground: '#5a3423', selectionInactiveBackground: '#2c3640',
  black: '#26323b', red: '#f0776a', green: '#86d19b', yellow: '#eebf62', blue: '#82b4ee', magenta: '#d59ad0', cyan: '#74c4c8', white: '#cfccc2',
  brightBlack: '#7f8c95', brightRed: '#ff958a', brightGreen: '#a5e6b6', brightYellow: '#ffd685', brightBlue: '#a6ccff', brightMagenta: '#ebb6e6', brightCyan: '#97dfe2', brightWhite: '#fffdf7',
};
const contrast: ITheme = {
  background: '#000000', foreground: '#ffffff', cursor: '#ffff00', cursorAccent: '#000000', selectionBackground: '#ffff00', selectionForeground: '#000000', selectionInactiveBackground: '#c8c800',
  black: '#000000', red: '#ff9d9d', green: '#7dff9a', yellow: '#ffff5c', blue: '#a8ceff', magenta: '#ffb3ff', cyan: '#6ffcff', white: '#ffffff',
  brightBlack: '#c4c4c4', brightRed: '#ffb8b8', brightGreen: '#a8ffbc', brightYellow: '#ffffa0', brightBlue: '#c6dfff', brightMagenta: '#ffd0ff', brightCyan: '#a8fdff', brightWhite: '#ffffff',
};

export function terminalTheme(colours: Colours): TerminalTheme {
  if (colours === 'contrast') return { theme: contrast, minimum: 7 };
  const dark = colours === 'dark' || (colours === 'auto' && siteIsDark());
  return { theme: dark ? harbour : paper, minimum: 4.5 };
}

export function siteIsDark(): boolean {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

/** Calls back whenever the site turns light or dark, by the reader's choice or the system's. */
export function onSiteTheme(changed: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  query.addEventListener('change', changed);
  return () => { observer.disconnect(); query.removeEventListener('change', changed); };
}
