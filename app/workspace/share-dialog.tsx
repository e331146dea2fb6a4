// Shows a port to others: makes a link that ends, lists those that are good, and takes them back. What a link carries is only here and with whom it was
// given to: the server keeps a hash, so an earlier link cannot be shown again.
'use client';
import { useEffect, useId, useState } from 'react';
import type { SHARE_MINUTES, ShareView } from '../../server/protocol.ts';
import { Dialog } from '../components/dialog.tsx';
import { LocalDate } from '../components/local-date.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { copyText } from '../lib/clipboard.ts';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';
import '../styles/labs.css';

const LENGTHS = [[15, 'share.15'], [120, 'share.120'], [1440, 'share.1440']] as const satisfies [(typeof SHARE_MINUTES)[number], string][];

export function ShareDialog({ port, close }: { port: number; close(): void }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const name = useId();
  const lab = useWorkspace((s) => s.lab?.id);
  const own = `${location.origin}/ports/${lab ?? ''}/${port}`;
  const [shares, setShares] = useState<ShareView[]>([]);
  const [minutes, setMinutes] = useState<number>(LENGTHS[0][0]);
  const [url, setUrl] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    let gone = false;
    void client.shares(port).then((answer) => { if (!gone && 'shares' in answer) setShares(answer.shares); });
    return () => { gone = true; };
  }, [client, port]);
  const make = async () => {
    setBusy(true);
    const answer = await client.share(port, minutes);
    setBusy(false);
    if ('problem' in answer) { setSaid(answer.problem); return; }
    setShares(answer.shares);
    setUrl(answer.url);
    setSaid(t('share.made'));
  };
  const revoke = async (id: string) => {
    setBusy(true);
    const answer = await client.unshare(port, id);
    setBusy(false);
    if ('problem' in answer) { setSaid(answer.problem); return; }
    setShares(answer.shares);
    setUrl(null);
    setSaid(t('share.revoked'));
  };
  const closeAll = async () => {
    setBusy(true);
    const answer = await client.closePreviews();
    setBusy(false);
    if ('problem' in answer) { setSaid(answer.problem); return; }
    setShares([]);
    setUrl(null);
    setSaid(t('share.allClosed'));
  };
  const copy = async () => { if (url) setSaid((await copyText(url)) ? t('resume.copied') : t('resume.noCopy')); };
  return (
    <Dialog title={t('share.title', { port: String(port) })} close={close} actions={<>
      <button type="button" className="button" data-first onClick={close}>{t('resume.close')}</button>
      <button type="button" className="button primary" disabled={busy} onClick={() => void make()}>{t('resume.make')}</button>
    </>}>
      <p>{t('share.about', { port: String(port) })}</p>
      <fieldset className="share-for">
        <legend>{t('share.for')}</legend>
        {LENGTHS.map(([one, text]) => <label key={one}><input type="radio" name={name} checked={minutes === one} onChange={() => setMinutes(one)} /> {t(text)}</label>)}
      </fieldset>
      {url && (
        <div className="share-link">
          <label htmlFor={`${name}-url`}>{t('resume.link')}</label>
          <div className="resume-url"><input id={`${name}-url`} readOnly value={url} data-testid="share-url" onFocus={(event) => event.target.select()} /><button type="button" className="button small" onClick={() => void copy()}>{t('resume.copy')}</button></div>
        </div>
      )}
      {url && /(^|\.)localhost$/.test(new URL(url).hostname) && <p className="resume-local">{t('share.local')}</p>}
      {shares.length > 0 && (
        <ul className="share-list" aria-label={t('share.list')}>
          {shares.map(({ id, expiresAt }) => <li key={id}><span>{t.parts('share.until', { time: <LocalDate key="time" iso={expiresAt} withTime /> })}</span><button type="button" className="button small" disabled={busy} onClick={() => void revoke(id)}>{t('resume.revoke')}</button></li>)}
        </ul>
      )}
      <div className="share-close"><p>{t.parts('share.who', { address: <a key="address" href={own} target="_blank" rel="noreferrer">{own}</a> })}</p><button type="button" className="button small" disabled={busy} onClick={() => void closeAll()}>{t('share.closeAll')}</button></div>
      <p className="resume-said" role="status">{said}</p>
    </Dialog>
  );
}
