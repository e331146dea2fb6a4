// Asks before several lines are pasted into a program that runs each line as it comes.
'use client';
import { Dialog } from '../components/dialog.tsx';

export function PasteDialog({ text, paste, close }: { text: string; paste(): void; close(): void }) {
  const lines = text.trimEnd().split(/\r\n|\r|\n/).length;
  return (
    <Dialog title={`Paste ${lines} lines?`} close={close} actions={<>
      <button type="button" className="button" onClick={close}>Do not paste</button>
      <button type="button" className="button primary" data-first onClick={() => { paste(); close(); }}>Paste {lines} lines</button>
    </>}>
      <p>The program in this terminal runs every line the moment it arrives. Look at what you are about to run:</p>
      <pre>{text}</pre>
    </Dialog>
  );
}
