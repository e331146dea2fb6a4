// The list of labs, each with what can be done about it. Removing asks first; the list is then rendered anew by the server.
'use client';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import type { YourLab } from '../../server/site.ts';
import { Dialog } from '../components/dialog.tsx';
import { LocalDate } from '../components/local-date.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { ask } from '../lib/ask.ts';
import { diskSize } from '../lib/disk-size.ts';

export function LabList({ labs }: { labs: YourLab[] }) {
  const t = useTexts();
  const router = useRouter();
  const [removing, setRemoving] = useState<YourLab | null>(null);
  const [said, setSaid] = useState('');
  const titleOf = (lab: YourLab) => lab.title ?? t('labs.play');
  const stateOf = ({ state }: YourLab) => (state === 'running' ? t('labs.running') : state === 'asleep' ? t('labs.asleep') : t('labs.unknown'));
  const remove = async (lab: YourLab) => {
    setRemoving(null);
    const answer = await ask('labs/remove', { workspace: lab.workspace });
    setSaid(answer.ok ? t('labs.removed', { title: titleOf(lab) }) : answer.problem ?? t('resume.late'));
    if (answer.ok) router.refresh();
  };
  return (
    <>
      <p className="labs-said" role="status">{said}</p>
      <ul className="lab-list">
        {labs.map((lab) => (
          <li key={lab.workspace} data-chance={lab.isLastChance} data-testid="lab">
            <div className="lab-words">
              <h2>{lab.isThere ? <Link href={lab.href}>{titleOf(lab)}</Link> : titleOf(lab)}</h2>
              <p className="lab-state" data-state={lab.state}><span className="status-lamp" aria-hidden />{stateOf(lab)}</p>
              <dl>
                <div><dt>{t('labs.disk')}</dt><dd>{lab.diskBytes === null ? t('labs.diskUnknown') : diskSize(t.tag, lab.diskBytes)}</dd></div>
                <div><dt>{t('labs.lastOpened')}</dt><dd><LocalDate iso={lab.lastSeenAt} withTime /></dd></div>
                {!lab.isLastChance && <div><dt>{t('labs.removal')}</dt><dd><LocalDate iso={lab.removesAt} /></dd></div>}
              </dl>
              {lab.isLastChance && <p className="lab-chance">{t.parts('labs.lastChance', { date: <LocalDate key="date" iso={lab.removesAt} withTime /> })}</p>}
              {!lab.isThere && <p>{t('labs.gone')}</p>}
            </div>
            <div className="lab-actions">
              {lab.isThere && <Link className="button primary" href={lab.href} aria-label={t('labs.openLab', { title: titleOf(lab) })}>{t('labs.open')}</Link>}
              <button type="button" className="button" aria-label={t('labs.removeLab', { title: titleOf(lab) })} onClick={() => setRemoving(lab)}>{t('labs.remove')}</button>
            </div>
          </li>
        ))}
      </ul>
      {removing && (
        <Dialog title={t('labs.removeTitle')} close={() => setRemoving(null)} actions={<>
          <button type="button" className="button" data-first onClick={() => setRemoving(null)}>{t('labs.keep')}</button>
          <button type="button" className="button primary" onClick={() => void remove(removing)}>{t('labs.removeDo')}</button>
        </>}>
          <p>{t('labs.removeText', { title: titleOf(removing) })}</p>
        </Dialog>
      )}
    </>
  );
}
