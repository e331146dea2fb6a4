// A day, or a day and a time, in the reader's own zone and manner. The server does not know the zone, so the first paint leaves it to the browser.
'use client';
import { useSyncExternalStore } from 'react';
import { useTexts } from '../language/texts-context.tsx';

const never = () => () => undefined;

export function LocalDate({ iso, withTime = false }: { iso: string; withTime?: boolean }) {
  const { tag } = useTexts();
  const inBrowser = useSyncExternalStore(never, () => true, () => false);
  return <time dateTime={iso}>{inBrowser ? dateIn(tag, iso, withTime) : iso.slice(0, 10)}</time>;
}

const dateIn = (tag: string, iso: string, withTime: boolean): string => new Date(iso).toLocaleString(tag, { day: 'numeric', month: 'long', ...(withTime ? { hour: '2-digit', minute: '2-digit' } : { year: 'numeric' }) });
