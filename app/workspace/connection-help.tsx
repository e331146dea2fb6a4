// Shown when the workspace cannot connect: the reason when the server gave one, a network check in words, and one button.
'use client';
import { Check, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { checkNetwork, type CheckResult } from '../lib/network-check.ts';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function ConnectionHelp() {
  const t = useTexts();
  const client = useWorkspaceClient();
  const problem = useWorkspace((s) => s.problem);
  const [results, setResults] = useState<CheckResult[] | null>(null);
  useEffect(() => {
    if (problem) return;
    let gone = false;
    void checkNetwork(t).then((found) => { if (!gone) setResults(found); });
    return () => { gone = true; };
  }, [problem, t]);
  return (
    <div className="notice bad" role="alert" data-testid="connection-help">
      <div>
        <p><strong>{problem ? t('connection.refused') : t('connection.none')}</strong> {problem ?? t('connection.trying')}</p>
        {!problem && !results && <p>{t('connection.checking')}</p>}
        {!problem && results && <ul className="check-list">{results.map((r) => <li key={r.text} data-ok={r.ok}>{r.ok ? <Check size={16} aria-label={t('connection.works')} /> : <X size={16} aria-label={t('connection.fails')} />} {r.text}</li>)}</ul>}
      </div>
      <button type="button" className="button small primary" onClick={() => client.retry()}>{t('connection.again')}</button>
    </div>
  );
}
