// Links of the text into the lab: a file, opened in the editor at a line, and a published port, opened in a tab.
'use client';
import { ExternalLink, FileText } from 'lucide-react';
import { useTexts } from '../language/texts-context.tsx';
import { useShowTerminal, useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';

export function OpenFileChip({ label, path, line }: { label: string; path: string; line: number | undefined }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const showTerminal = useShowTerminal();
  return <p className="open-chip"><button type="button" className="button small" title={t('open.title', { path })} onClick={() => { client.openFile(path, line); showTerminal(); }}><FileText size={15} aria-hidden /><span>{label}</span><code>{path}</code></button></p>;
}

export function OpenPortChip({ label, port }: { label: string; port: number }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const open = useWorkspace((s) => s.link === 'connected' && s.ports.some((one) => one.port === port));
  return (
    <p className="open-chip">
      <button type="button" className="button small" disabled={!open} onClick={() => client.openPort(port)}><ExternalLink size={15} aria-hidden /><span>{label}</span><span className="visually-hidden">{t('port.opens')}</span></button>
      {!open && <span className="open-why">{t('port.notYet', { port: String(port) })}</span>}
    </p>
  );
}
