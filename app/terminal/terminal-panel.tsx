// The terminals of a workspace: tabs, settings, and what is shown when there is none.
'use client';
import { Plus, X } from 'lucide-react';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import '../styles/terminal.css';
import { useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';
import { ExplainNote } from '../workspace/explain-note.tsx';
import { SettingsMenu } from './settings-menu.tsx';
import { TerminalView } from './terminal-view.tsx';

export function TerminalPanel({ autoFocus, children }: { autoFocus: boolean; children?: ReactNode }) {
  const client = useWorkspaceClient();
  const terminals = useWorkspace((s) => s.terminals);
  const active = useWorkspace((s) => s.active);
  const lab = useWorkspace((s) => s.lab);
  const link = useWorkspace((s) => s.link);
  const opening = useWorkspace((s) => s.busy === 'opening');
  const tabs = useRef<HTMLDivElement>(null);
  const byStep = (step: number): string | undefined => {
    const index = terminals.findIndex((t) => t.id === active);
    return terminals[(index + step + terminals.length) % terminals.length]?.id;
  };
  const select = (id: string | undefined, focusTab: boolean) => {
    if (!id) return;
    client.select(id);
    if (focusTab) requestAnimationFrame(() => tabs.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus());
  };
  const onTabKey = (event: KeyboardEvent, id: string) => {
    if (event.key === 'ArrowRight') select(byStep(1), true);
    else if (event.key === 'ArrowLeft') select(byStep(-1), true);
    else if (event.key === 'Delete') client.closeTerminal(id);
    else return;
    event.preventDefault();
  };
  return (
    <section className="terminal-panel" data-region="terminal" aria-label="Terminals" tabIndex={-1}>
      <div className="terminal-bar">
        <div className="terminal-tabs" role="tablist" aria-label="Terminals" ref={tabs}>
          {terminals.map((terminal) => (
            <div className="terminal-tab" key={terminal.id} data-active={terminal.id === active} role="presentation">
              <button type="button" role="tab" aria-selected={terminal.id === active} aria-controls={`terminal-${terminal.id}`} tabIndex={terminal.id === active ? 0 : -1} onClick={() => select(terminal.id, false)} onKeyDown={(event) => onTabKey(event, terminal.id)}>
                {terminal.title}
              </button>
              <button type="button" className="terminal-tab-close" tabIndex={-1} aria-label={`Close ${terminal.title}`} title="Close (Delete)" onClick={() => client.closeTerminal(terminal.id)}><X size={13} aria-hidden /></button>
            </div>
          ))}
        </div>
        <button type="button" className="icon-button" aria-label="Open another terminal" title="Open another terminal (Ctrl+Shift+Enter)" disabled={lab?.state !== 'ready' || link !== 'connected' || opening} onClick={() => client.openTerminal()}><Plus size={17} aria-hidden /></button>
        <span className="terminal-leave"><kbd>F6</kbd> leaves the terminal</span>
        <SettingsMenu />
      </div>
      <div className="terminal-stage">
        {terminals.map((terminal) => <TerminalView key={terminal.id} id={terminal.id} title={terminal.title} shown={terminal.id === active} autoFocus={autoFocus} onNew={() => client.openTerminal()} onSwitch={(step) => select(byStep(step), false)} />)}
        {terminals.length === 0 && <EmptyStage />}
      </div>
      <ExplainNote />
      {children}
    </section>
  );
}

function EmptyStage() {
  const client = useWorkspaceClient();
  const lab = useWorkspace((s) => s.lab);
  const link = useWorkspace((s) => s.link);
  const busy = useWorkspace((s) => s.busy);
  if (link === 'connecting') return <p className="terminal-empty">Connecting to the server…</p>;
  if (link === 'failed') return <p className="terminal-empty">No connection. See the line above for what to do.</p>;
  if (busy === 'resetting') return <p className="terminal-empty">Making you a fresh lab…</p>;
  if (lab?.state === 'gone') return <p className="terminal-empty">This lab is gone.</p>;
  if (lab?.state === 'starting') return <p className="terminal-empty">Starting a Linux host of your own…</p>;
  if (busy === 'opening') return <p className="terminal-empty">Opening a terminal…</p>;
  return <div className="terminal-empty"><p>No terminal is open. Your lab and its containers are still there.</p><button type="button" className="button" onClick={() => client.openTerminal()}>Open a terminal</button></div>;
}
