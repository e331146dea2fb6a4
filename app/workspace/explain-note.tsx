// One sentence about the error a learner has just met, and one next step, beside the terminal. It stays until it is
// dismissed, or until a later task shows that the learner has gone on.
'use client';
import { X } from 'lucide-react';
import { useState } from 'react';
import { Words } from '../components/words.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

export function ExplainNote() {
  const t = useTexts();
  const client = useWorkspaceClient();
  const note = useWorkspace((s) => s.note);
  const [refusal, setRefusal] = useState<{ id: string; why: string } | null>(null);
  const dismiss = () => { client.dismissNote(); client.focusActive(); };
  const run = async (id: string, command: string) => {
    const answer = await client.run(command);
    if (answer.sent) dismiss(); else setRefusal({ id, why: answer.why });
  };
  // The live region stays in the page; only what is in it comes and goes, so that screen readers notice.
  return (
    <div className="explain-region" role="status">
      {note && (
        <aside className="explain" data-region="note" tabIndex={-1} aria-label={t('explain.label', { title: note.title })} key={note.id} onKeyDown={(event) => { if (event.key === 'Escape') dismiss(); }}>
          <p className="label">{t('explain.what')}</p>
          <h3>{note.title}</h3>
          <p><Words text={note.text} /></p>
          {note.command && <p className="explain-next"><strong>{t('explain.next')}</strong> <button type="button" className="chip" title={t('explain.run')} onClick={() => void run(note.id, note.command!)}><code>{note.command}</code></button></p>}
          {refusal?.id === note.id && <p>{refusal.why}</p>}
          <button type="button" className="icon-button explain-close" aria-label={t('explain.dismiss')} onClick={dismiss}><X size={16} aria-hidden /></button>
        </aside>
      )}
    </div>
  );
}
