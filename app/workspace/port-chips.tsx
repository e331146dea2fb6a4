// The ports that containers of the lab publish or programs of the lab itself listen on, each a button that opens it in a tab of its own, one that shows it beside the terminal, and one that shares it. They come and go by themselves.
'use client';
import { ExternalLink, PanelRight, Share2 } from 'lucide-react';
import { useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { ShareDialog } from './share-dialog.tsx';
import { useShowTerminal, useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function PortChips() {
  const t = useTexts();
  const client = useWorkspaceClient();
  const showTerminal = useShowTerminal();
  const ports = useWorkspace((s) => s.ports);
  const connected = useWorkspace((s) => s.link === 'connected');
  const [sharing, setSharing] = useState<number | null>(null);
  return (<>
    {ports.length > 0 && <ul className="port-chips" aria-label={t('ports.label')} data-testid="ports">
      {ports.map(({ port, container, containerPort }) => (
        <li key={port}>
          <button type="button" className="button small" disabled={!connected} title={container === null ? t('ports.titleOwn', { port: String(port) }) : t('ports.title', { containerPort: String(containerPort), container })} onClick={() => client.openPort(port)}>
            <span>{t('ports.port', { port: String(port) })}</span><ExternalLink size={14} aria-hidden /><span className="visually-hidden"> {container === null ? t('ports.newTabOwn') : t('ports.newTab', { container })}</span>
          </button>
          <button type="button" className="icon-button" disabled={!connected} aria-label={t('pane.open', { port: String(port) })} title={t('pane.open', { port: String(port) })} onClick={() => { void client.showPort(port); showTerminal(); }}><PanelRight size={15} aria-hidden /></button>
          <button type="button" className="icon-button" disabled={!connected} aria-label={t('share.open', { port: String(port) })} title={t('share.open', { port: String(port) })} onClick={() => setSharing(port)}><Share2 size={15} aria-hidden /></button>
        </li>
      ))}
    </ul>}
    {sharing !== null && <ShareDialog port={sharing} close={() => setSharing(null)} />}
  </>);
}
