// The workspace of /play in the browser.
'use client';
import { BookOpen, X } from 'lucide-react';
import { useRef, useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { TerminalPanel } from '../terminal/terminal-panel.tsx';
import { PortPane } from '../workspace/port-pane.tsx';
import { useRegionKeys } from '../workspace/region-keys.ts';
import { useVisiblePart } from '../workspace/visible-part.ts';
import { WorkspaceBar } from '../workspace/workspace-bar.tsx';
import { WorkspaceProvider } from '../workspace/workspace-context.tsx';
import { CheatSheet } from './cheat-sheet.tsx';

export function PlayWorkspace() {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  useRegionKeys();
  useVisiblePart();
  const close = () => { setOpen(false); toggle.current?.focus(); };
  return (
    <WorkspaceProvider slug={null}>
      <WorkspaceBar><button type="button" ref={toggle} className="button small" aria-expanded={open} aria-controls="cheat-sheet" onClick={() => setOpen(!open)}><BookOpen size={15} aria-hidden /> {t('cheat.title')}</button></WorkspaceBar>
      <div className="play" data-sheet={open}>
        {open && (
          <aside className="cheat-sheet" id="cheat-sheet" data-region="text" tabIndex={-1} aria-label={t('cheat.title')} onKeyDown={(event) => { if (event.key === 'Escape') close(); }}>
            <button type="button" className="icon-button cheat-close" aria-label={t('cheat.close')} onClick={close}><X size={17} aria-hidden /></button>
            <CheatSheet onRun={() => { if (matchMedia('(max-width: 899px)').matches) setOpen(false); }} />
          </aside>
        )}
        <TerminalPanel autoFocus />
        <PortPane />
      </div>
    </WorkspaceProvider>
  );
}
