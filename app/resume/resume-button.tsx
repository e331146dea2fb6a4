// Opens "Continue on another device". On a workspace's line it is a small button beside the others; the dialog is loaded when it is wanted.
'use client';
import { Smartphone } from 'lucide-react';
import dynamic from 'next/dynamic';
import { usePathname } from 'next/navigation';
import { useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';

const ResumeDialog = dynamic(() => import('./resume-dialog.tsx').then(({ ResumeDialog: component }) => component), { ssr: false });

export function ResumeButton({ small = false }: { small?: boolean }) {
  const t = useTexts();
  const place = usePathname();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className={small ? 'icon-button' : 'button'} aria-label={small ? t('resume.open') : undefined} title={small ? t('resume.open') : undefined} onClick={() => setOpen(true)} data-testid="resume">
        <Smartphone size={17} aria-hidden />{!small && t('resume.open')}
      </button>
      {open && <ResumeDialog place={place} close={() => setOpen(false)} />}
    </>
  );
}
