// The line above a workspace: progress, the state of connection and lab in words, and what can be done about it.
'use client';
import { useState, type ReactNode } from 'react';
import { ConnectionHelp } from './connection-help.tsx';
import { PortChips } from './port-chips.tsx';
import { ResetDialog } from './reset-dialog.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function WorkspaceBar({ children }: { children?: ReactNode }) {
  const client = useWorkspaceClient();
  const link = useWorkspace((s) => s.link);
  const lab = useWorkspace((s) => s.lab);
  const busy = useWorkspace((s) => s.busy);
  const problem = useWorkspace((s) => s.problem);
  const [asking, setAsking] = useState(false);
  const [read, setRead] = useState('');
  const resetting = busy === 'resetting';
  return (
    <>
      <div className="workspace-bar" data-region="bar" tabIndex={-1} aria-label="Lab">
        {children}
        <PortChips />
        <StatusLine />
        <button type="button" className="button small" disabled={link !== 'connected' || resetting || !lab || lab.state === 'starting'} onClick={() => { if (lab?.state === 'gone') client.reset(); else setAsking(true); }}>Reset lab</button>
      </div>
      <noscript><div className="notice"><p>The text can be read without JavaScript; the terminals and the ticks need it.</p></div></noscript>
      {link === 'failed' && <ConnectionHelp />}
      {link !== 'failed' && problem && <div className="notice" role="alert"><p>{problem}</p><button type="button" className="button small" onClick={() => client.dismissProblem()}>Dismiss</button></div>}
      {link === 'connected' && lab?.state === 'gone' && !resetting && (
        <div className="notice" role="alert"><p><strong>{lab.problem ? 'There is no lab for you just now.' : 'This lab is gone.'}</strong> {lab.problem ?? 'Labs end after a while without use. Tasks that are done stay done; containers and files are lost.'}</p>
          <button type="button" className="button small primary" onClick={() => client.reset()}>{lab.problem ? 'Try again' : 'Start a new lab'}</button></div>
      )}
      {link === 'connected' && lab && lab.state !== 'gone' && lab.problem && <div className="notice" role="alert"><p>{lab.problem}</p></div>}
      {link === 'connected' && lab?.notice && lab.notice !== read && <div className="notice" role="status"><p>{lab.notice}</p><button type="button" className="button small" onClick={() => setRead(lab.notice ?? '')}>Got it</button></div>}
      {asking && <ResetDialog close={() => setAsking(false)} />}
    </>
  );
}

function StatusLine() {
  const link = useWorkspace((s) => s.link);
  const slow = useWorkspace((s) => s.slow);
  const lab = useWorkspace((s) => s.lab);
  const resetting = useWorkspace((s) => s.busy === 'resetting');
  const [tone, text, more] = statusWords(link, slow, lab, resetting);
  return <p className="status" role="status" data-tone={tone} data-testid="status"><span className="status-lamp" aria-hidden /><span>{text}{more && <span className="status-more"> {more}</span>}</span></p>;
}

type Tone = 'good' | 'wait' | 'bad';

function statusWords(link: string, slow: boolean, lab: { state: string; hostname: string } | null, resetting: boolean): [Tone, string, string?] {
  if (resetting) return ['wait', 'Making a fresh lab…'];
  if (link === 'connecting') return ['wait', 'Connecting…'];
  if (link === 'reconnecting') return ['wait', 'Connection lost, reconnecting… Nothing you type is sent.'];
  if (link === 'failed') return ['bad', 'Not connected'];
  if (!lab || lab.state === 'starting') return ['wait', 'Starting your lab…'];
  if (lab.state === 'gone') return ['bad', 'Lab is gone'];
  return slow ? ['good', 'Connected, the slow way', '(WebSockets are blocked on this network)'] : ['good', 'Connected', `to ${lab.hostname}`];
}
