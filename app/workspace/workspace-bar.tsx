// The line above a workspace: progress, the state of connection and lab in words, and what can be done about it.
'use client';
import { useState, type ReactNode } from 'react';
import type { LabView } from '../../server/protocol.ts';
import type { T } from '../../texts/site.ts';
import { useTexts } from '../language/texts-context.tsx';
import type { WorkspaceState } from '../lib/workspace-client.ts';
import { ConnectionHelp } from './connection-help.tsx';
import { CopiesButton } from './copies-button.tsx';
import { ResumeButton } from '../resume/resume-button.tsx';
import { IdleNotice } from './idle-notice.tsx';
import { PortChips } from './port-chips.tsx';
import { ResetDialog } from './reset-dialog.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function WorkspaceBar({ children }: { children?: ReactNode }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const link = useWorkspace((s) => s.link);
  const lab = useWorkspace((s) => s.lab);
  const busy = useWorkspace((s) => s.busy);
  const problem = useWorkspace((s) => s.problem);
  const [asking, setAsking] = useState(false);
  const [read, setRead] = useState('');
  const resetting = busy === 'resetting' || busy === 'returning';
  return (
    <>
      <div className="workspace-bar" data-region="bar" tabIndex={-1} role="group" aria-label={t('bar.label')}>
        {children}
        <PortChips />
        <StatusLine />
        <ResumeButton small />
        <CopiesButton disabled={link !== 'connected' || resetting || lab?.state !== 'ready'} />
        <button type="button" className="button small" disabled={link !== 'connected' || resetting || !lab || lab.state === 'starting'} onClick={() => { if (lab?.state === 'gone') client.reset(); else setAsking(true); }}>{t('bar.reset')}</button>
      </div>
      <noscript><div className="notice"><p>{t('bar.noScript')}</p></div></noscript>
      {link === 'failed' && <ConnectionHelp />}
      {link !== 'failed' && problem && <div className="notice" role="alert"><p>{problem}</p><button type="button" className="button small" onClick={() => client.dismissProblem()}>{t('bar.dismiss')}</button></div>}
      {link === 'connected' && lab?.state === 'gone' && !resetting && (
        <div className="notice" role="alert"><p><strong>{lab.problem ? t('bar.noLab') : t('bar.gone')}</strong> {lab.problem ?? t('bar.goneText')}</p>
          <button type="button" className="button small primary" onClick={() => client.reset()}>{lab.problem ? t('bar.again') : t('bar.newLab')}</button></div>
      )}
      {link === 'connected' && lab && lab.state !== 'gone' && lab.problem && <div className="notice" role="alert"><p>{lab.problem}</p></div>}
      {link === 'connected' && lab?.notice && lab.notice !== read && <div className="notice" role="status"><p>{lab.notice}</p><button type="button" className="button small" onClick={() => setRead(lab.notice ?? '')}>{t('bar.gotIt')}</button></div>}
      <IdleNotice />
      {asking && <ResetDialog close={() => setAsking(false)} />}
    </>
  );
}

function StatusLine() {
  const t = useTexts();
  const link = useWorkspace((s) => s.link);
  const slow = useWorkspace((s) => s.slow);
  const lab = useWorkspace((s) => s.lab);
  const busy = useWorkspace((s) => s.busy);
  const [tone, text, more] = statusWords(t, link, slow, lab, busy);
  return <p className="status" role="status" data-tone={tone} data-testid="status"><span className="status-lamp" aria-hidden /><span>{text}{more && <span className="status-more"> {more}</span>}</span></p>;
}

type Tone = 'good' | 'wait' | 'rest' | 'bad';

function statusWords(t: T, link: string, slow: boolean, lab: LabView | null, busy: WorkspaceState['busy']): [Tone, string, string?] {
  if (busy === 'resetting') return ['wait', t('status.resetting')];
  if (busy === 'returning') return ['wait', t('status.returning')];
  if (link === 'connecting') return ['wait', t('status.connecting')];
  if (link === 'reconnecting') return ['wait', t('status.reconnecting')];
  if (link === 'failed') return ['bad', t('status.failed')];
  if (lab?.queue) return ['wait', t('status.queued', { place: lab.queue.place })];
  if (!lab || lab.state === 'starting') return ['wait', lab?.doing ?? t('status.starting')];
  if (lab.state === 'gone') return ['bad', t('status.gone')];
  if (lab.state === 'asleep') return ['rest', t('status.asleep')];
  return slow ? ['good', t('status.slow'), t('status.slowWhy')] : ['good', t('status.connected'), t('status.connectedTo', { hostname: lab.hostname })];
}
