// Said once, on the first page after this browser's session was ended from another one.
'use client';
import { useState } from 'react';
import { Dialog } from '../components/dialog.tsx';
import { useTexts } from '../language/texts-context.tsx';

export function EndedNotice() {
  const t = useTexts();
  const [open, setOpen] = useState(true);
  if (!open) return null;
  return (
    <Dialog title={t('resume.endedTitle')} close={() => setOpen(false)} actions={<button type="button" className="button primary" data-first onClick={() => setOpen(false)}>{t('resume.endedGo')}</button>}>
      <p>{t('resume.ended')}</p>
    </Dialog>
  );
}
