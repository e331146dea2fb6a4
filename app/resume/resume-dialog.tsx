// "Continue on another device": says what a link gives away, makes one, shows it as text and as QR code, and takes it back. The link's secret is only here and in
// the other browser: the server keeps a hash.
'use client';
import { useEffect, useState } from 'react';
import { Dialog } from '../components/dialog.tsx';
import { LocalDate } from '../components/local-date.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { ask } from '../lib/ask.ts';
import { copyText } from '../lib/clipboard.ts';
import '../styles/labs.css';
import { QrCode } from './qr-code.tsx';

export function ResumeDialog({ place, close }: { place: string; close(): void }) {
  const t = useTexts();
  const [link, setLink] = useState<{ url: string; validUntil: string } | null>(null);
  const [earlier, setEarlier] = useState<string | null>(null);
  const [others, setOthers] = useState<string[]>([]);
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  useEffect(() => {
    let gone = false;
    void ask<{ validUntil: string | null; others: string[] }>('resume/current').then((answer) => { if (!gone && answer.ok) { setEarlier(answer.value.validUntil); setOthers(answer.value.others); } });
    return () => { gone = true; };
  }, []);
  const work = async <T,>(what: string, body: object, then: (value: T) => void) => {
    setBusy(true);
    const answer = await ask<T>(what, body);
    setBusy(false);
    if (answer.ok) then(answer.value);
    else setSaid(answer.problem ?? t('resume.late'));
  };
  const make = () => work<{ token: string; validUntil: string }>('resume/make', { place }, ({ token, validUntil }) => { setLink({ url: `${location.origin}/resume#${token}`, validUntil }); setEarlier(null); setSaid(''); });
  const revoke = () => work('resume/revoke', {}, () => { setLink(null); setEarlier(null); setSaid(t('resume.revoked')); });
  const signOut = () => work('resume/sign-out', {}, () => { setLink(null); setEarlier(null); setOthers([]); setSaid(t('resume.signedOut')); });
  const copy = async () => { if (link) setSaid((await copyText(link.url)) ? t('resume.copied') : t('resume.noCopy')); };
  return (
    <Dialog title={t('resume.open')} close={close} actions={<>
      {(link ?? earlier) && <button type="button" className="button" disabled={busy} onClick={() => void revoke()}>{t('resume.revoke')}</button>}
      <button type="button" className="button" data-first onClick={close}>{t('resume.close')}</button>
      {!link && <button type="button" className="button primary" disabled={busy} onClick={() => void make()}>{earlier ? t('resume.replace') : t('resume.make')}</button>}
    </>}>
      {!link && <p>{t('resume.about')}</p>}
      {link && (
        <div className="resume-link">
          <QrCode text={link.url} label={t('resume.code')} />
          <div>
            <label htmlFor="resume-url">{t('resume.link')}</label>
            <div className="resume-url"><input id="resume-url" readOnly value={link.url} onFocus={(event) => event.target.select()} /><button type="button" className="button small" onClick={() => void copy()}>{t('resume.copy')}</button></div>
            <p className="resume-until">{t.parts('resume.until', { time: <LocalDate key="time" iso={link.validUntil} withTime /> })}</p>
          </div>
        </div>
      )}
      <p>{t('resume.gives')}</p>
      {!link && earlier && <p>{t.parts('resume.earlier', { time: <LocalDate key="time" iso={earlier} withTime /> })}</p>}
      {others[0] && (
        <div className="resume-others">
          <p>{t.parts('resume.others', { count: others.length, time: <LocalDate key="time" iso={others[0]} withTime /> })}</p>
          <button type="button" className="button small" disabled={busy} onClick={() => void signOut()}>{t('resume.signOut')}</button>
        </div>
      )}
      {isLocal && <p className="resume-local">{t('resume.local', { host: location.host })}</p>}
      <p className="resume-said" role="status">{said}</p>
    </Dialog>
  );
}
