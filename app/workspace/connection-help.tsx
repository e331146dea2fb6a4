// Shown when the workspace cannot connect: the reason when the server gave one, a network check in words, and one button.
'use client';
import { Check, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { checkNetwork, type CheckResult } from '../lib/network-check.ts';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function ConnectionHelp() {
  const client = useWorkspaceClient();
  const problem = useWorkspace((s) => s.problem);
  const [results, setResults] = useState<CheckResult[] | null>(null);
  useEffect(() => {
    if (problem) return;
    let gone = false;
    void checkNetwork().then((found) => { if (!gone) setResults(found); });
    return () => { gone = true; };
  }, [problem]);
  return (
    <div className="notice bad" role="alert" data-testid="connection-help">
      <div>
        <p><strong>{problem ? 'Your lab is not available just now.' : 'No connection to your lab.'}</strong> {problem ?? 'Slipway goes on trying by itself. Meanwhile, here is how far this browser gets:'}</p>
        {!problem && !results && <p>Checking the network…</p>}
        {!problem && results && <ul className="check-list">{results.map((r) => <li key={r.name} data-ok={r.ok}>{r.ok ? <Check size={16} aria-label="Works:" /> : <X size={16} aria-label="Fails:" />} {r.name} {r.text}</li>)}</ul>}
      </div>
      <button type="button" className="button small primary" onClick={() => client.retry()}>Try again</button>
    </div>
  );
}
