// A task's hints, each shown when it is asked for and never before, and the way back when the task cannot be done any more.
'use client';
import { useState } from 'react';
import type { TaskState } from '../../server/protocol.ts';
import { Words } from '../components/words.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';

export function TaskHints({ id, progress }: { id: string; progress: TaskState }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const [asking, setAsking] = useState(false);
  const { shown, next } = progress.hints ?? { shown: [] };
  if (shown.length === 0 && !next) return null;
  const ask = () => { setAsking(true); void client.askHint(id).finally(() => setAsking(false)); };
  return (
    <div className="task-hints">
      <ul aria-live="polite" aria-label={t('hint.list')}>
        {shown.map((hint, index) => <li key={hint.text} data-testid="hint"><strong>{t('hint.number', { number: index + 1 })}</strong> <Words text={hint.text} />{hint.cost !== undefined && <> {t('hint.costed', { count: hint.cost })}</>}</li>)}
      </ul>
      {next && (
        <button type="button" className="link" data-testid="ask-hint" aria-disabled={asking} onClick={() => { if (!asking) ask(); }}>
          {shown.length === 0 ? t('hint.first') : t('hint.another')}{next.cost !== undefined && <> {t('hint.costs', { count: next.cost })}</>}
        </button>
      )}
    </div>
  );
}

/** Of a task that has failed. */
export function TaskReset({ id, found }: { id: string; found: string }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const ready = useWorkspace((s) => s.link === 'connected' && s.lab?.state === 'ready');
  const [busy, setBusy] = useState(false);
  const reset = () => { setBusy(true); void client.resetTask(id).finally(() => setBusy(false)); };
  return (
    <div className="task-outcome" role="status">
      <p><Words text={found} /> {t('taskReset.why')}</p>
      <p><button type="button" className="button small" data-testid="reset-task" aria-disabled={busy || !ready} onClick={() => { if (!busy && ready) reset(); }}>{busy ? t('taskReset.busy') : t('taskReset.do')}</button></p>
    </div>
  );
}
