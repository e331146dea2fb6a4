// Opens the copies of the lab, from a workspace's line; the dialog is loaded when it is wanted.
'use client';
import { History } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';

const CopiesDialog = dynamic(() => import('./copies-dialog.tsx').then(({ CopiesDialog: component }) => component), { ssr: false });

export function CopiesButton({ disabled }: { disabled: boolean }) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="icon-button" aria-label={t('copies.open')} title={t('copies.open')} disabled={disabled} onClick={() => setOpen(true)} data-testid="copies"><History size={17} aria-hidden /></button>
      {open && <CopiesDialog close={() => setOpen(false)} />}
    </>
  );
}
