// Copies of the lab: saves one, lists them with time and size, removes one, and goes back to one after saying what that costs.
'use client';
import { useEffect, useState } from 'react';
import type { CopiesView, CopyView, Problem } from '../../server/protocol.ts';
import { Dialog } from '../components/dialog.tsx';
import { LocalDate } from '../components/local-date.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { diskSize } from '../lib/disk-size.ts';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function CopiesDialog({ close }: { close(): void }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const [view, setView] = useState<CopiesView | null>(null);
  const [chosen, setChosen] = useState<CopyView | null>(null);
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(true);
  const work = async (request: Promise<CopiesView | Problem>, done: string) => {
    setBusy(true);
    setSaid('');
    const answer = await request;
    setBusy(false);
    if ('problem' in answer) { setSaid(answer.problem); return; }
    setView(answer);
    setSaid(done);
  };
  useEffect(() => {
    let gone = false;
    void client.copies().then((answer) => {
      if (gone) return;
      setBusy(false);
      if ('problem' in answer) setSaid(answer.problem); else setView(answer);
    });
    return () => { gone = true; };
  }, [client]);
  const copies = view?.copies ?? [];
  const isFull = view !== null && copies.length >= view.most;
  const took = copies.reduce((sum, { bytes }) => sum + bytes, 0);
  return (
    <>
      <Dialog title={t('copies.title')} close={close} actions={<>
        <button type="button" className="button" data-first onClick={close}>{t('copies.close')}</button>
        <button type="button" className="button primary" disabled={busy || view === null || isFull} onClick={() => void work(client.saveCopy(), t('copies.saved'))}>{t('copies.save')}</button>
      </>}>
        <p>{t('copies.about')}</p>
        {copies.length > 0 && (
          <ul className="share-list" aria-label={t('copies.list')}>
            {copies.map((copy) => (
              <li key={copy.id} data-testid="copy">
                <span id={`copy-${copy.id}`}>{t.parts('copies.copy', { time: <LocalDate key="time" iso={copy.at} withTime />, size: diskSize(t.tag, copy.bytes) })}</span>
                <span className="copy-actions">
                  <button type="button" className="button small" aria-describedby={`copy-${copy.id}`} disabled={busy} onClick={() => setChosen(copy)}>{t('copies.goBack')}</button>
                  <button type="button" className="button small" aria-describedby={`copy-${copy.id}`} disabled={busy} onClick={() => void work(client.removeCopy(copy.id), t('copies.removed'))}>{t('copies.remove')}</button>
                </span>
              </li>
            ))}
          </ul>
        )}
        {view && copies.length > 0 && <p className="copies-room">{t('copies.room', { took: diskSize(t.tag, took), all: diskSize(t.tag, view.diskBytes) })}{isFull && ` ${t('copies.full', { count: view.most })}`}</p>}
        <p className="resume-said" role="status">{said || (busy ? t('copies.working') : '')}</p>
      </Dialog>
      {chosen && <GoBackDialog copy={chosen} keep={() => setChosen(null)} go={() => { close(); client.goBack(chosen.id); }} />}
    </>
  );
}

function GoBackDialog({ copy, keep, go }: { copy: CopyView; keep(): void; go(): void }) {
  const t = useTexts();
  const hasTasks = useWorkspace((s) => Object.keys(s.tasks).length > 0);
  return (
    <Dialog title={t('copies.askTitle')} close={keep} actions={<>
      <button type="button" className="button" data-first onClick={keep}>{t('copies.keep')}</button>
      <button type="button" className="button primary" onClick={go}>{t('copies.go')}</button>
    </>}>
      <p>{t.parts('copies.lose', { time: <LocalDate key="time" iso={copy.at} withTime /> })}</p>
      <ul><li>{t('copies.loseMade')}</li><li>{t('copies.loseRunning')}</li></ul>
      <p>{t('copies.stays')}{hasTasks && ` ${t('copies.tasksStay')}`}</p>
    </Dialog>
  );
}
