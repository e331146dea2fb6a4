// How this reader likes the terminal: size, colours, screen reader. Kept in the browser, shared by all terminals of the page.
import { useSyncExternalStore } from 'react';

export type Colours = 'auto' | 'light' | 'dark' | 'contrast';
export interface TerminalSettings { fontSize: number; colours: Colours; screenReader: boolean; }

const KEY = 'slipway.terminal';
const DEFAULTS: TerminalSettings = { fontSize: 14, colours: 'auto', screenReader: false };
export const FONT_SIZES = { min: 10, max: 26 } as const;

let current: TerminalSettings | null = null;
const listeners = new Set<() => void>();

export function terminalSettings(): TerminalSettings { return (current ??= load()); }

export function changeTerminalSettings(change: Partial<TerminalSettings>): void {
  current = { ...terminalSettings(), ...change };
  current.fontSize = Math.min(FONT_SIZES.max, Math.max(FONT_SIZES.min, current.fontSize));
  try { localStorage.setItem(KEY, JSON.stringify(current)); } catch { /* storage is blocked: good for this page only */ }
  for (const listener of listeners) listener();
}

export function onTerminalSettings(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useTerminalSettings(): TerminalSettings {
  return useSyncExternalStore(onTerminalSettings, terminalSettings, () => DEFAULTS);
}

function load(): TerminalSettings {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<TerminalSettings>;
    return {
      fontSize: typeof stored.fontSize === 'number' ? stored.fontSize : DEFAULTS.fontSize,
      colours: stored.colours && ['auto', 'light', 'dark', 'contrast'].includes(stored.colours) ? stored.colours : DEFAULTS.colours,
      screenReader: stored.screenReader === true,
    };
  } catch { return DEFAULTS; }
}
