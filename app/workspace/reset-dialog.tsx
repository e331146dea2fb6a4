// Asks before the lab is thrown away, and says what goes and what stays.
'use client';
import { Dialog } from '../components/dialog.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function ResetDialog({ close }: { close(): void }) {
  const client = useWorkspaceClient();
  const hasTasks = useWorkspace((s) => Object.keys(s.tasks).length > 0);
  return (
    <Dialog title="Start over with a fresh lab?" close={close} actions={<>
      <button type="button" className="button" data-first onClick={close}>Keep this lab</button>
      <button type="button" className="button primary" onClick={() => { client.reset(); close(); }}>Reset the lab</button>
    </>}>
      <p>You get a new Linux host in a second or so. In this one you lose, for good:</p>
      <ul><li>all containers, and the data in them</li><li>all files, volumes and images you made</li><li>what is running in every terminal</li></ul>
      {hasTasks && <p>Tasks that are done stay done.</p>}
    </Dialog>
  );
}
