// The ports that containers of the lab publish or programs of the lab itself listen on, each a button that opens it in a tab of its own. They come and go by themselves.
'use client';
import { ExternalLink } from 'lucide-react';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function PortChips() {
  const t = useTexts();
  const client = useWorkspaceClient();
  const ports = useWorkspace((s) => s.ports);
  const connected = useWorkspace((s) => s.link === 'connected');
  if (ports.length === 0) return null;
  return (
    <ul className="port-chips" aria-label={t('ports.label')} data-testid="ports">
      {ports.map(({ port, container, containerPort }) => (
        <li key={port}>
          <button type="button" className="button small" disabled={!connected} title={container === null ? t('ports.titleOwn', { port: String(port) }) : t('ports.title', { containerPort: String(containerPort), container })} onClick={() => client.openPort(port)}>
            <span>{t('ports.port', { port: String(port) })}</span><ExternalLink size={14} aria-hidden /><span className="visually-hidden"> {container === null ? t('ports.newTabOwn') : t('ports.newTab', { container })}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
