// A time of day in the reader's own zone. The server does not know it, so the first paint leaves it to the browser.
'use client';
import { useSyncExternalStore } from 'react';
import { useTexts } from '../language/texts-context.tsx';

const never = () => () => undefined;

export function LocalTime({ iso }: { iso: string }) {
  const { tag } = useTexts();
  const inBrowser = useSyncExternalStore(never, () => true, () => false);
  const date = new Date(iso);
  return <time dateTime={iso}>{inBrowser && !Number.isNaN(date.getTime()) ? date.toLocaleTimeString(tag, { hour: '2-digit', minute: '2-digit' }) : iso.slice(11, 16)}</time>;
}
