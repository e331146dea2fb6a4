// Asks before this browser becomes the learner of a link, and says what it brings and what becomes of what is here. Looking uses nothing up; accepting does.
'use client';
import Link from 'next/link';
import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { ask } from '../lib/ask.ts';

interface Belongings { labs: number; done: number; }
interface Look { place: string; theirs: Belongings; mine: Belongings; same: boolean; }

export function AcceptLink() {
  const t = useTexts();
  const token = useRef<string | null>(null);
  const [look, setLook] = useState<Look | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const onOther = () => location.reload();
    addEventListener('hashchange', onOther);
    token.current ??= location.hash.slice(1);
    history.replaceState(null, '', location.pathname); // not to be seen over a shoulder, nor kept in the history
    let gone = false;
    if (!token.current) setProblem(t('resume.empty'));
    else void ask<Look>('resume/look', { token: token.current }).then((answer) => {
      if (gone) return;
      if (answer.ok) setLook(answer.value); else setProblem(answer.problem ?? t('resume.late'));
    });
    return () => { gone = true; removeEventListener('hashchange', onOther); };
  }, [t]);
  const accept = async () => {
    setBusy(true);
    const answer = await ask<{ place: string }>('resume/accept', { token: token.current });
    if (answer.ok) location.assign(answer.value.place); // anew, since it is another learner's page
    else { setBusy(false); setProblem(answer.problem ?? t('resume.late')); }
  };
  const words = ({ labs, done }: Belongings) => ({ labs: t('resume.labs', { count: labs }), tasks: t('resume.tasks', { count: done }) });
  if (problem) return <div className="centred-part" role="alert"><h1>{t('resume.bad')}</h1><p>{problem}</p><p className="actions"><Link className="button primary" href="/">{t('resume.front')}</Link></p></div>;
  if (!look) return <p role="status">{t('resume.looking')}</p>;
  if (look.same) return <><h1>{t('resume.title')}</h1><p>{t('resume.same')}</p><p className="actions"><Link className="button primary" href={look.place}>{t('resume.go')}</Link></p></>;
  const hasOwn = look.mine.labs + look.mine.done > 0;
  return (
    <>
      <h1>{t('resume.title')}</h1>
      <p>{t('resume.theirs', words(look.theirs))}</p>
      {hasOwn && <p>{t('resume.mine', words(look.mine))}</p>}
      <p className="actions">
        <button type="button" className="button primary" disabled={busy} onClick={() => void accept()}>{t('resume.accept')}</button>
        {hasOwn && <Link className="button" href="/">{t('resume.decline')}</Link>}
      </p>
    </>
  );
}
