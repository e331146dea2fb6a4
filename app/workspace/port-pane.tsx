// A port of the lab shown beside the terminal. The frame has an origin of its own and is sandboxed: what runs in it reaches neither this page nor its
// address. Servers that do not want to be framed are told of in words by the preview itself; the tab is always offered.
'use client';
import { ExternalLink, RotateCw, X } from 'lucide-react';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

/** allow-same-origin is its own origin, which it needs for its cookies and storage; the way to the top stays closed. */
const SANDBOX = 'allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-downloads';

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
      {pane.url === null ? <p className="port-pane-wait" role="status">{t('pane.opening', { port })}</p> : <iframe key={pane.url} src={pane.url} title={t('pane.label', { port })} sandbox={SANDBOX} referrerPolicy="no-referrer" />}
    </section>
  );
}
