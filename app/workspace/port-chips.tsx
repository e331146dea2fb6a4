// The ports that containers of the lab publish, each a button that opens it in a tab of its own. They come and go by themselves.
'use client';
import { ExternalLink } from 'lucide-react';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function PortChips() {
  const client = useWorkspaceClient();
  const ports = useWorkspace((s) => s.ports);
  const connected = useWorkspace((s) => s.link === 'connected');
  if (ports.length === 0) return null;
  return (
    <ul className="port-chips" aria-label="Published ports" data-testid="ports">
      {ports.map(({ port, container, containerPort }) => (
        <li key={port}>
          <button type="button" className="button small" disabled={!connected} title={`Port ${containerPort} of the container ${container}, in a new tab`} onClick={() => client.openPort(port)}>
            <span>Port {port}</span><ExternalLink size={14} aria-hidden /><span className="visually-hidden"> of {container}, opens in a new tab</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
