// An xterm in an element: addons, keys, clipboard, links, colours. Made by terminal-view.tsx when a terminal is first shown; loaded lazily, so that text
// is readable before the emulator has arrived. Safety: no OSC 52 (a program must not write the reader's clipboard), links only to http and https.
import { Terminal } from '@xterm/xterm';
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { WebglAddon } from '@xterm/addon-webgl';
import { copyText } from '../lib/clipboard.ts';
import type { Screen } from '../lib/terminal-feed.ts';
import { onTerminalSettings, terminalSettings } from './settings.ts';
import { onSiteTheme, terminalTheme } from './themes.ts';

export interface Emulator extends Screen {
  /** Measures the element and takes as many rows and columns as fit. */
  fit(): void;
  find(text: string, direction: 'next' | 'previous'): boolean;
  endFind(): void;
  /** As if pasted by the reader: bracketed when the program asks for it. */
  paste(text: string): void;
  /** The same, having asked first where several lines would be run one by one. */
  offerPaste(text: string): void;
  /** As if typed: helper keys on touch screens. */
  type(data: string): void;
  release(): void;
}

export interface EmulatorHooks {
  /** What the place for input is called, with the way out of it. Read whenever it gets the focus. */
  label(): string;
  input(data: string): void;
  binaryInput(data: string): void;
  resized(): void;
  copied(): void;
  find(): void;
  newTerminal(): void;
  switchTerminal(step: 1 | -1): void;
  /** Several lines are about to be pasted into a program that would run each at once. */
  confirmPaste(text: string): void;
}

const FONT = 'ui-monospace, "SF Mono", "Cascadia Mono", "JetBrains Mono", "DejaVu Sans Mono", "Noto Sans Mono", Menlo, Consolas, monospace';
const isMac = /Mac|iP(hone|ad|od)/.test(navigator.platform);

export function createEmulator(element: HTMLElement, hooks: EmulatorHooks): Emulator {
  const look = () => { const { theme, minimum } = terminalTheme(terminalSettings().colours); return { theme, minimumContrastRatio: minimum, fontSize: terminalSettings().fontSize, screenReaderMode: terminalSettings().screenReader }; };
  const term = new Terminal({
    ...look(), allowProposedApi: true, scrollback: 5000, fontFamily: FONT, lineHeight: 1.15, cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    macOptionIsMeta: true, macOptionClickForcesSelection: true, rightClickSelectsWord: false, logLevel: 'error', drawBoldTextInBrightColors: false,
    linkHandler: { activate: (_event, uri) => openLink(uri), allowNonHttpProtocols: false },
  });
  const fitAddon = new FitAddon();
  const search = new SearchAddon();
  term.loadAddon(fitAddon);
  term.loadAddon(search);
  term.loadAddon(new Unicode11Addon());
  term.unicode.activeVersion = '11';
  term.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
  term.parser.registerOscHandler(52, () => true);
  term.open(element);
  const name = () => term.textarea?.setAttribute('aria-label', hooks.label());
  name();
  element.addEventListener('focusin', name);
  // Keyboards on glass would rather write letters than commands.
  for (const [attribute, value] of [['autocomplete', 'off'], ['enterkeyhint', 'send']] as const) term.textarea?.setAttribute(attribute, value);
  useWebgl(term);
  term.attachCustomKeyEventHandler((event) => handleKey(event, term, hooks));

  const runsLineByLine = (text: string) => /\r|\n/.test(text.trimEnd()) && !term.modes.bracketedPasteMode;
  const onPaste = (event: ClipboardEvent) => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!runsLineByLine(text)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    hooks.confirmPaste(text);
  };
  element.addEventListener('paste', onPaste, true);
  term.onData(hooks.input);
  term.onBinary(hooks.binaryInput);
  term.onResize(hooks.resized);

  const fit = () => { if (element.clientWidth > 0 && element.clientHeight > 0) fitAddon.fit(); };
  const applyLook = () => { const now = look(); Object.assign(term.options, now); element.style.background = now.theme.background ?? ''; fit(); };
  const stopSettings = onTerminalSettings(applyLook);
  const stopTheme = onSiteTheme(applyLook);
  applyLook();

  return {
    size: () => ({ cols: term.cols, rows: term.rows }),
    write: (data, done) => term.write(data, done),
    // The reset (RIS) travels in the stream: what is still waiting to be parsed comes before it, not after.
    replace: (screen) => term.write(`\x1bc${screen}`),
    fullScreen: () => term.buffer.active.type === 'alternate',
    bracketedPaste: () => term.modes.bracketedPasteMode,
    setLive: (live) => { element.dataset.live = String(live); },
    focus: () => term.focus(),
    fit,
    find: (text, direction) => (direction === 'next' ? search.findNext(text, { caseSensitive: false }) : search.findPrevious(text, { caseSensitive: false })),
    endFind: () => { search.clearDecorations(); term.clearSelection(); term.focus(); },
    paste: (text) => term.paste(text),
    offerPaste: (text) => { if (runsLineByLine(text)) hooks.confirmPaste(text); else { term.paste(text); term.focus(); } },
    type: (data) => { term.input(data, true); term.focus(); },
    release: () => { stopSettings(); stopTheme(); element.removeEventListener('paste', onPaste, true); element.removeEventListener('focusin', name); term.dispose(); },
  };
}

/** Returns false for keys the terminal must not take. */
function handleKey(event: KeyboardEvent, term: Terminal, hooks: EmulatorHooks): boolean {
  if (event.key === 'F6') return false;
  if (event.type !== 'keydown') return true;
  const { ctrlKey: ctrl, shiftKey: shift, altKey: alt, metaKey: meta, code } = event;
  const copy = (isMac && meta && !ctrl && !alt && code === 'KeyC') || (ctrl && !alt && !meta && code === 'KeyC' && (shift || term.hasSelection()));
  if (copy) {
    // Also without a selection: Ctrl+Shift+C would open the browser's inspector.
    event.preventDefault();
    if (term.hasSelection()) void copyText(term.getSelection()).then((done) => { if (done) hooks.copied(); term.clearSelection(); });
    return false;
  }
  // The browser's own paste follows as a paste event, on plain HTTP too. Full-screen programs keep Ctrl+V for themselves.
  if (code === 'KeyV' && !alt && ((isMac && meta) || (ctrl && (shift || term.buffer.active.type === 'normal')))) return false;
  if (!ctrl || !shift || alt || meta) return true;
  switch (code) {
    case 'KeyF': hooks.find(); break;
    case 'Enter': hooks.newTerminal(); break;
    case 'ArrowRight': hooks.switchTerminal(1); break;
    case 'ArrowLeft': hooks.switchTerminal(-1); break;
    default: return true;
  }
  event.preventDefault();
  return false;
}

function openLink(uri: string): void {
  let url: URL;
  try { url = new URL(uri); } catch { return; }
  if (url.protocol === 'http:' || url.protocol === 'https:') window.open(url.href, '_blank', 'noopener,noreferrer');
}

/** The GPU where there is one; xterm goes on in the DOM when there is none or its context is lost. */
function useWebgl(term: Terminal): void {
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    term.loadAddon(webgl);
  } catch { /* no WebGL: the DOM renderer is already there */ }
}
