// The terminals of a workspace: tabs, settings, and what is shown when there is none.
'use client';
import { Plus, X } from 'lucide-react';
import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import '../styles/terminal.css';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';
import { ExplainNote } from '../workspace/explain-note.tsx';
import { SettingsMenu } from './settings-menu.tsx';
import { TerminalView } from './terminal-view.tsx';

export function TerminalPanel({ autoFocus, children }: { autoFocus: boolean; children?: ReactNode }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const terminals = useWorkspace((s) => s.terminals);
  const active = useWorkspace((s) => s.active);
  const lab = useWorkspace((s) => s.lab);
  const link = useWorkspace((s) => s.link);
  const opening = useWorkspace((s) => s.busy === 'opening');
  const tabs = useRef<HTMLDivElement>(null);
  const byStep = (step: number): string | undefined => {
    const index = terminals.findIndex((one) => one.id === active);
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
    <section className="terminal-panel" data-region="terminal" aria-label={t('terminal.label')} tabIndex={-1}>
      <div className="terminal-bar">
        <div className="terminal-tabs" ref={tabs}>
          {/* The buttons that close stand between the tabs, and are none. */}
          <span role="tablist" aria-label={t('terminal.label')} aria-owns={terminals.map(({ id }) => `tab-${id}`).join(' ')} />
          {terminals.map((terminal) => (
            <div className="terminal-tab" key={terminal.id} data-active={terminal.id === active} role="presentation">
              <button type="button" role="tab" id={`tab-${terminal.id}`} aria-selected={terminal.id === active} aria-controls={`terminal-${terminal.id}`} tabIndex={terminal.id === active ? 0 : -1} onClick={() => select(terminal.id, false)} onKeyDown={(event) => onTabKey(event, terminal.id)}>
                {terminal.title}
              </button>
              <button type="button" className="terminal-tab-close" tabIndex={-1} aria-label={t('terminal.close', { title: terminal.title })} title={t('terminal.closeTitle')} onClick={() => client.closeTerminal(terminal.id)}><X size={13} aria-hidden /></button>
            </div>
          ))}
        </div>
        <button type="button" className="icon-button" aria-label={t('terminal.another')} title={t('terminal.anotherTitle')} disabled={lab?.state !== 'ready' || link !== 'connected' || opening} onClick={() => client.openTerminal()}><Plus size={17} aria-hidden /></button>
        <span className="terminal-leave">{t.parts('terminal.leave', { key: <kbd key="key">F6</kbd> })}</span>
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
  const t = useTexts();
  const client = useWorkspaceClient();
  const lab = useWorkspace((s) => s.lab);
  const link = useWorkspace((s) => s.link);
  const busy = useWorkspace((s) => s.busy);
  if (link === 'connecting') return <p className="terminal-empty">{t('terminal.connecting')}</p>;
  if (link === 'failed') return <p className="terminal-empty">{t('terminal.noConnection')}</p>;
  if (busy === 'resetting') return <p className="terminal-empty">{t('terminal.resetting')}</p>;
  if (lab?.state === 'gone') return <p className="terminal-empty">{t('terminal.gone')}</p>;
  if (lab?.state === 'asleep') return <div className="terminal-empty"><p>{t('terminal.asleep')}</p><button type="button" className="button" onClick={() => client.wake()}>{t('idle.open')}</button></div>;
  if (lab?.queue) return <p className="terminal-empty">{t('terminal.queued', { place: lab.queue.place })}</p>;
  if (lab?.state === 'starting') return <p className="terminal-empty">{lab.doing ?? t('terminal.starting')}</p>;
  if (busy === 'opening') return <p className="terminal-empty">{t('terminal.opening')}</p>;
  return <div className="terminal-empty"><p>{t('terminal.none')}</p><button type="button" className="button" onClick={() => client.openTerminal()}>{t('terminal.open')}</button></div>;
}
