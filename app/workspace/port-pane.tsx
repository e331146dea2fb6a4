// A port of the lab shown beside the terminal. The frame is sandboxed: what runs in it reaches neither this page nor its address. Where it has no origin of
// its own, it must not have the page's either. Servers that do not want to be framed are told of in words by the preview itself; the tab is always offered.
'use client';
import { ExternalLink, RotateCw, X } from 'lucide-react';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

/** The way to the top stays closed. */
const SANDBOX = 'allow-scripts allow-forms allow-modals allow-popups allow-downloads';
/** allow-same-origin is its own origin, another one than this page's, which it needs for its cookies and storage. */
const SANDBOX_OWN = `${SANDBOX} allow-same-origin`;

const BREAKS = ['pane.breaksScripts', 'pane.breaksStorage', 'pane.breaksWorkers', 'pane.breaksLogin', 'pane.breaksRouter'] as const;

export function PortPane() {
  const t = useTexts();
  const client = useWorkspaceClient();
  const pane = useWorkspace((s) => s.pane);
  const lab = useWorkspace((s) => s.lab?.id);
  if (!pane || pane.lab !== lab) return null;
  const port = String(pane.port);
  return (
    <section className="port-pane" data-region="port" tabIndex={-1} aria-label={t('pane.label', { port })} data-testid="port-pane">
      <div className="port-pane-bar">
        <strong>{t('ports.port', { port })}</strong>
        <button type="button" className="icon-button" aria-label={t('pane.reload')} title={t('pane.reload')} onClick={() => void client.showPort(pane.port)}><RotateCw size={16} aria-hidden /></button>
        <button type="button" className="icon-button" aria-label={t('pane.tab')} title={t('pane.tab')} onClick={() => client.openPort(pane.port)}><ExternalLink size={16} aria-hidden /></button>
        <button type="button" className="icon-button" aria-label={t('pane.close')} title={t('pane.close')} onClick={() => { client.closePane(); client.focusActive(); }}><X size={17} aria-hidden /></button>
      </div>
      <p className="port-pane-who">{t('pane.who')}</p>
      {pane.sandboxed && <details className="port-pane-breaks"><summary>{t('pane.breaks')}</summary><p>{t('pane.breaksWhy')}</p><ul>{BREAKS.map((text) => <li key={text}>{t(text)}</li>)}</ul><p>{t('pane.breaksOperator')}</p></details>}
      {pane.url === null ? <p className="port-pane-wait" role="status">{t('pane.opening', { port })}</p>
        : <iframe key={pane.turn} src={pane.url} title={t('pane.label', { port })} sandbox={pane.sandboxed ? SANDBOX : SANDBOX_OWN} referrerPolicy="no-referrer" />}
    </section>
  );
}
