// Asks before the lab is thrown away, and says what goes and what stays.
'use client';
import { Dialog } from '../components/dialog.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function ResetDialog({ close }: { close(): void }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const hasTasks = useWorkspace((s) => Object.keys(s.tasks).length > 0);
  return (
    <Dialog title={t('reset.title')} close={close} actions={<>
      <button type="button" className="button" data-first onClick={close}>{t('reset.keep')}</button>
      <button type="button" className="button primary" onClick={() => { client.reset(); close(); }}>{t('reset.do')}</button>
    </>}>
      <p>{t('reset.lose')}</p>
      <ul><li>{t('reset.loseContainers')}</li><li>{t('reset.loseFiles')}</li><li>{t('reset.loseRunning')}</li></ul>
      <p>{t('reset.copiesStay')}</p>
      {hasTasks && <p>{t('reset.tasksStay')}</p>}
    </Dialog>
  );
}
