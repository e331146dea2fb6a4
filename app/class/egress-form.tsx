// The switch itself: nothing, or what is ticked. Applied in every lab at once; the answer says in how many.
'use client';
import { useRouter } from 'next/navigation';
import { useState, type FormEvent } from 'react';
import type { EgressPage } from '../../server/site.ts';
import { useTexts } from '../language/texts-context.tsx';
import { ask } from '../lib/ask.ts';
import { Words } from '../components/words.tsx';

export function EgressForm({ egress }: { egress: EgressPage }) {
  const t = useTexts();
  const router = useRouter();
  const [on, setOn] = useState(egress.on && egress.entries.length > 0);
  const [chosen, setChosen] = useState<readonly string[]>(egress.entries.filter((one) => one.chosen).map(({ entry }) => entry));
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState('');
  if (!egress.isKnown) return <p>{t('class.unknown')}</p>;
  if (egress.entries.length === 0 && !egress.on) return <p><Words text={t('class.nothing')} /></p>;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    if (on && chosen.length === 0) return setSaid(t('class.chooseOne'));
    setBusy(true);
    setSaid(t('class.saving'));
    const answer = await ask<{ labs: number }>('class/egress', { on, allow: chosen });
    setBusy(false);
    setSaid(answer.ok ? (on ? t('class.savedOn', { count: answer.value.labs }) : t('class.savedOff')) : answer.problem ?? t('resume.late'));
    if (answer.ok) router.refresh();
  };
  const tick = (entry: string, isOn: boolean) => setChosen(isOn ? [...chosen, entry] : chosen.filter((one) => one !== entry));
  return (
    <form className="egress" onSubmit={(event) => void save(event)}>
      <fieldset>
        <legend>{t('class.legend')}</legend>
        <label><input type="radio" name="egress" checked={!on} onChange={() => setOn(false)} /><strong>{t('class.off')}</strong></label>
        <p><Words text={t('class.offText')} /></p>
        <label><input type="radio" name="egress" checked={on} onChange={() => setOn(true)} /><strong>{t('class.on')}</strong></label>
      </fieldset>
      <fieldset disabled={!on}>
        <legend>{t('class.entries')}</legend>
        {egress.entries.map(({ entry }) => (
          <label key={entry}><input type="checkbox" checked={chosen.includes(entry)} onChange={(event) => tick(entry, event.target.checked)} /><code>{entry}</code></label>
        ))}
      </fieldset>
      <p className="egress-about">{t('class.permitted', { megabits: egress.megabits, connections: egress.connections })} {t('class.now', { count: egress.labs })}</p>
      <button type="submit" className="button primary" disabled={isBusy}>{t('class.save')}</button>
      <p className="labs-said" role="status">{said}</p>
    </form>
  );
}
