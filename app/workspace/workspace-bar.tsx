// The line above a workspace: progress, the state of connection and lab in words, and what can be done about it.
'use client';
import { useState, type ReactNode } from 'react';
import { ConnectionHelp } from './connection-help.tsx';
import { ResetDialog } from './reset-dialog.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function WorkspaceBar({ children }: { children?: ReactNode }) {
  const client = useWorkspaceClient();
  const link = useWorkspace((s) => s.link);
  const lab = useWorkspace((s) => s.lab);
  const busy = useWorkspace((s) => s.busy);
  const problem = useWorkspace((s) => s.problem);
  const [asking, setAsking] = useState(false);
  const resetting = busy === 'resetting';
  return (
    <>
      <div className="workspace-bar" data-region="bar" tabIndex={-1} aria-label="Lab">
        {children}
        <StatusLine />
        <button type="button" className="button small" disabled={link !== 'connected' || resetting || !lab || lab.state === 'starting'} onClick={() => setAsking(true)}>Reset lab</button>
      </div>
      {link === 'failed' && <ConnectionHelp />}
      {link !== 'failed' && problem && <div className="notice" role="alert"><p>{problem}</p><button type="button" className="button small" onClick={() => client.dismissProblem()}>Dismiss</button></div>}
      {link === 'connected' && lab?.state === 'gone' && !resetting && (
        <div className="notice" role="alert"><p><strong>This lab is gone.</strong> {lab.problem ?? 'Labs end after a while without use. Your ticks are kept; containers and files are not.'}</p>
          <button type="button" className="button small primary" onClick={() => client.reset()}>Start a new lab</button></div>
      )}
      {asking && <ResetDialog close={() => setAsking(false)} />}
    </>
  );
}

function StatusLine() {
  const link = useWorkspace((s) => s.link);
  const slow = useWorkspace((s) => s.slow);
  const lab = useWorkspace((s) => s.lab);
  const resetting = useWorkspace((s) => s.busy === 'resetting');
  const [tone, text] = statusWords(link, slow, lab, resetting);
  return <p className="status" role="status" data-tone={tone} data-testid="status"><span className="status-lamp" aria-hidden />{text}</p>;
}

type Tone = 'good' | 'wait' | 'bad';

function statusWords(link: string, slow: boolean, lab: { state: string; hostname: string } | null, resetting: boolean): [Tone, string] {
  if (resetting) return ['wait', 'Making a fresh lab…'];
  if (link === 'connecting') return ['wait', 'Connecting…'];
  if (link === 'reconnecting') return ['wait', 'Connection lost, reconnecting… Nothing you type is sent.'];
  if (link === 'failed') return ['bad', 'Not connected'];
  if (!lab || lab.state === 'starting') return ['wait', 'Starting your lab…'];
  if (lab.state === 'gone') return ['bad', 'Lab is gone'];
  return ['good', slow ? `Connected to ${lab.hostname}, the slow way (WebSockets are blocked on this network)` : `Connected to ${lab.hostname}`];
}
