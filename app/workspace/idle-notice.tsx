// What is said when nobody seems to be there: before the lab is put to sleep, with one click that keeps it running, and while it sleeps, with one that opens it.
// Screen readers hear of it once, and once more shortly before the end; the seconds are for the eyes.
'use client';
import { useEffect, useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

const SOON_MS = 30_000;

export function IdleNotice() {
  const t = useTexts();
  const client = useWorkspaceClient();
  const sleepsAt = useWorkspace((s) => (s.link === 'connected' && s.lab?.state === 'ready' ? s.sleepsAt : null));
  const asleep = useWorkspace((s) => s.link === 'connected' && s.lab?.state === 'asleep' && s.busy !== 'resetting');
  const leftMs = useTimeLeft(sleepsAt);
  const said = asleep ? t('idle.asleep') : leftMs === null ? '' : leftMs > SOON_MS ? t('idle.warning') : t('idle.warningSoon');
  return (
    <>
      <p className="visually-hidden" role="status">{said}</p>
      {leftMs !== null && (
        <div className="notice" data-testid="idle-warning">
          <p><strong>{t('idle.nobody')}</strong> {t.parts('idle.sleepsIn', { time: <span key="time" className="idle-time">{clock(leftMs)}</span> })}</p>
          <button type="button" className="button small primary" onClick={() => { client.extend(); client.focusActive(); }}>{t('idle.keep')}</button>
        </div>
      )}
      {asleep && (
        <div className="notice calm" data-testid="asleep">
          <p><strong>{t('idle.asleep')}</strong> {t('idle.kept')}</p>
          <button type="button" className="button small primary" onClick={() => client.wake()}>{t('idle.open')}</button>
        </div>
      )}
    </>
  );
}

function useTimeLeft(until: number | null): number | null {
  const [seen, setSeen] = useState<{ until: number; now: number } | null>(null);
  useEffect(() => {
    if (until === null) return;
    const tick = () => setSeen({ until, now: performance.now() });
    tick();
    const timer = setInterval(tick, 1000);
    return () => clearInterval(timer);
  }, [until]);
  return until === null || seen?.until !== until ? null : Math.max(0, until - seen.now); // not before the first look at this one
}

/** Minutes and seconds, as on a kitchen clock. */
export function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
