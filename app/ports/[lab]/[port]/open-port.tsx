// Opens the port in this tab, once it is clicked: a page that opened by itself could be opened by any other page.
'use client';
import { useState, type ReactNode } from 'react';
import { useTexts } from '../../../language/texts-context.tsx';
import { ask } from '../../../lib/ask.ts';

export function OpenPort({ lab, port, children }: { lab: string; port: number; children?: ReactNode }) {
  const t = useTexts();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const open = async () => {
    setBusy(true);
    setProblem(null);
    const answer = await ask<{ url: string }>('ports/open', { lab, port });
    if (answer.ok) { location.assign(answer.value.url); return; }
    setBusy(false);
    setProblem(answer.problem ?? t('resume.late'));
  };
  return (
    <>
      {problem && <p role="alert">{problem}</p>}
      <p className="actions"><button type="button" className="button primary" disabled={busy} onClick={() => void open()}>{busy ? t('pane.opening', { port: String(port) }) : t('portPage.open', { port: String(port) })}</button>{children}</p>
    </>
  );
}
