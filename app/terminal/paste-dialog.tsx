// Asks before several lines are pasted into a program that runs each line as it comes.
'use client';
import { Dialog } from '../components/dialog.tsx';
import { useTexts } from '../language/texts-context.tsx';

export function PasteDialog({ text, paste, close }: { text: string; paste(): void; close(): void }) {
  const t = useTexts();
  const lines = text.trimEnd().split(/\r\n|\r|\n/).length;
  return (
    <Dialog title={t('paste.title', { count: lines })} close={close} actions={<>
      <button type="button" className="button" onClick={close}>{t('paste.no')}</button>
      <button type="button" className="button primary" data-first onClick={() => { paste(); close(); }}>{t('paste.do', { count: lines })}</button>
    </>}>
      <p>{t('paste.text')}</p>
      <pre>{text}</pre>
    </Dialog>
  );
}
