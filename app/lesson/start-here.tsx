// "Start here": a fresh lab in which what comes before a task has been done for the learner. Offered where a task cannot be begun in this lab: it waits for
// earlier ones, or the lab is fresh and has not what they made. Asks first, because the lab in use is lost.
'use client';
import { useState } from 'react';
import { createPortal } from 'react-dom';
import { Dialog } from '../components/dialog.tsx';
import { useTexts } from '../language/texts-context.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';
import { nextTask } from './next-task.ts';

export function StartHere({ id, number }: { id: string; number: number }) {
  const t = useTexts();
  const [asking, setAsking] = useState(false);
  const offered = useWorkspace((s) => s.link === 'connected' && s.lab?.state === 'ready' && s.busy === null && (s.tasks[id]?.state === 'locked' || (s.lab.fresh === true && (s.tasks[id]?.state === 'open' || s.tasks[id]?.state === 'tried'))));
  if (!offered || number === 1) return null;
  return (
    <>
      <p className="start-here"><button type="button" className="link" data-testid="start-here" onClick={() => setAsking(true)}>{t('start.here')}</button></p>
      {asking && createPortal(<StartDialog id={id} number={number} close={() => setAsking(false)} />, document.body)}
    </>
  );
}

function StartDialog({ id, number, close }: { id: string; number: number; close(): void }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  return (
    <Dialog title={t('start.title', { number })} close={close} actions={<>
      <button type="button" className="button" data-first onClick={close}>{t('reset.keep')}</button>
      <button type="button" className="button primary" onClick={() => { client.startAt(id); close(); }}>{t('start.do')}</button>
    </>}>
      <p>{t('start.text', { count: number - 1 })} {t('start.lose')}</p>
      <p>{t('start.skipped')}</p>
    </Dialog>
  );
}

/** After a reset: what is ticked is not there, and how to have it again. */
export function FreshNotice({ tasks }: { tasks: LessonTask[] }) {
  const t = useTexts();
  const lab = useWorkspace((s) => s.lab);
  const states = useWorkspace((s) => s.tasks);
  const busy = useWorkspace((s) => s.busy !== null);
  const [read, setRead] = useState('');
  const [asking, setAsking] = useState(false);
  const next = nextTask(tasks, states);
  if (!lab?.fresh || lab.state !== 'ready' || busy || read === lab.id) return null;
  const after = next && tasks.indexOf(next) > 0 ? next : undefined;
  return (
    <div className="notice" role="status" data-testid="fresh">
      <p>{t('fresh.text')}</p>
      <span className="notice-actions">
        {after && <button type="button" className="button small primary" onClick={() => setAsking(true)}>{t('fresh.start', { title: after.title })}</button>}
        <button type="button" className="button small" onClick={() => setRead(lab.id)}>{t('bar.gotIt')}</button>
      </span>
      {asking && after && <StartDialog id={after.id} number={tasks.indexOf(after) + 1} close={() => setAsking(false)} />}
    </div>
  );
}
