// One terminal on the page: makes the emulator when first shown, keeps it while the tab exists, and ties it to the workspace's feed. The socket is the
// workspace client's business; here is only the element's life.
'use client';
import { useCallback, useEffect, useRef, useState } from 'react';
import '@xterm/xterm/css/xterm.css';
import { useTexts } from '../language/texts-context.tsx';
import type { TerminalFeed } from '../lib/terminal-feed.ts';
import { useWorkspaceClient } from '../workspace/workspace-context.tsx';
import type { Emulator } from './emulator.ts';
import { HelperKeys } from './helper-keys.tsx';
import { PasteDialog } from './paste-dialog.tsx';
import { SearchBar } from './search-bar.tsx';

interface Props { id: string; title: string; shown: boolean; autoFocus: boolean; onNew(): void; onSwitch(step: 1 | -1): void; }

export function TerminalView({ id, title, shown, autoFocus, onNew, onSwitch }: Props) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const element = useRef<HTMLDivElement>(null);
  const emulator = useRef<Emulator | null>(null);
  const control = useRef(false);
  const [heldControl, setHeldControl] = useState(false);
  const [searching, setSearching] = useState(false);
  const [paste, setPaste] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  const [everShown, setEverShown] = useState(shown);
  const actions = useRef({ onNew, onSwitch, autoFocus, t });
  useEffect(() => { actions.current = { onNew, onSwitch, autoFocus, t }; });
  if (shown && !everShown) setEverShown(true);

  const holdControl = useCallback((held: boolean) => { control.current = held; setHeldControl(held); }, []);

  useEffect(() => {
    const host = element.current;
    if (!everShown || !host) return;
    let feed: TerminalFeed | null = null;
    let observer: ResizeObserver | null = null;
    let abandoned = false;
    void import('./emulator.ts').then(({ createEmulator }) => {
      if (abandoned) return;
      const made = createEmulator(host, {
        label: () => actions.current.t('terminal.input'),
        input: (data) => {
          if (control.current && data.length === 1) { feed?.input(String.fromCharCode(data.toUpperCase().charCodeAt(0) & 0x1f)); holdControl(false); } else feed?.input(data);
        },
        binaryInput: (data) => feed?.binaryInput(data),
        resized: () => feed?.resize(),
        copied: () => { setCopied(true); setTimeout(() => setCopied(false), 1500); },
        find: () => setSearching(true),
        newTerminal: () => actions.current.onNew(),
        switchTerminal: (step) => actions.current.onSwitch(step),
        confirmPaste: setPaste,
      });
      emulator.current = made;
      feed = client.openFeed(id, made);
      observer = new ResizeObserver(() => made.fit());
      observer.observe(host);
      if (actions.current.autoFocus && mayTakeFocus()) made.focus();
    });
    return () => { abandoned = true; observer?.disconnect(); feed?.release(); emulator.current?.release(); emulator.current = null; };
  }, [client, id, everShown, holdControl]);

  useEffect(() => { if (shown) { emulator.current?.fit(); if (actions.current.autoFocus && mayTakeFocus()) emulator.current?.focus(); } }, [shown]);

  return (
    <div className="terminal-view" hidden={!shown} role="tabpanel" id={`terminal-${id}`} aria-label={title}>
      {searching && <SearchBar find={(text, direction) => emulator.current?.find(text, direction) ?? false} close={() => { setSearching(false); emulator.current?.endFind(); }} />}
      <div className="terminal-host" ref={element} data-live="false" data-testid="terminal" data-terminal={id} />
      <HelperKeys control={heldControl} holdControl={holdControl} type={(data) => emulator.current?.type(data)} paste={(text) => emulator.current?.offerPaste(text)} />
      {copied && <p className="terminal-copied" role="status">{t('terminal.copied')}</p>}
      {paste !== null && <PasteDialog text={paste} paste={() => emulator.current?.paste(paste)} close={() => setPaste(null)} />}
    </div>
  );
}

/** Focus would raise the keyboard over half of the page before anybody has asked for it. */
/** Not from whoever has come somewhere else by keyboard, or types there, while it was made. */
const mayTakeFocus = () => !hasTouchKeyboard() && (!document.activeElement?.matches(':focus-visible') || document.activeElement.closest('[data-region=terminal]') !== null);
const hasTouchKeyboard = () => matchMedia('(hover: none) and (pointer: coarse)').matches;
