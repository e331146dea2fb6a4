// Keys that a touch keyboard lacks. Shown by CSS on touch screens and narrow windows only. Ctrl stays held for the next key.
'use client';
import { ClipboardPaste } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import type { T } from '../../texts/site.ts';
import { useTexts } from '../language/texts-context.tsx';

const keys = (t: T): { label: string; name: string; data: string }[] => [
  { label: 'Esc', name: t('touch.escape'), data: '\x1b' }, { label: 'Tab', name: t('touch.tab'), data: '\t' }, { label: '^C', name: t('touch.interrupt'), data: '\x03' },
  { label: '↑', name: t('touch.up'), data: '\x1b[A' }, { label: '↓', name: t('touch.down'), data: '\x1b[B' }, { label: '←', name: t('touch.left'), data: '\x1b[D' }, { label: '→', name: t('touch.right'), data: '\x1b[C' },
  { label: '-', name: t('touch.dash'), data: '-' }, { label: '/', name: t('touch.slash'), data: '/' }, { label: '|', name: t('touch.pipe'), data: '|' },
];

interface Props { control: boolean; holdControl(held: boolean): void; type(data: string): void; paste(text: string): void; }

export function HelperKeys({ control, holdControl, type, paste }: Props) {
  const t = useTexts();
  // Browsers let a page read the clipboard only on HTTPS or localhost, and ask the reader each time.
  const canPaste = useSyncExternalStore(never, () => Boolean(navigator.clipboard?.readText), () => false);
  return (
    <div className="helper-keys" role="toolbar" aria-label={t('touch.label')}>
      {/* Taking the pointer's default away keeps the focus, and so the on-screen keyboard, where it is. */}
      <button type="button" aria-pressed={control} onPointerDown={(event) => event.preventDefault()} onClick={() => holdControl(!control)}>{t('key.ctrl')}</button>
      {keys(t).map((key) => <button type="button" key={key.name} aria-label={key.name} onPointerDown={(event) => event.preventDefault()} onClick={() => type(key.data)}>{key.label}</button>)}
      {canPaste && <button type="button" aria-label={t('touch.paste')} onPointerDown={(event) => event.preventDefault()} onClick={() => void navigator.clipboard.readText().then(paste, () => undefined)}><ClipboardPaste size={16} aria-hidden /></button>}
    </div>
  );
}

const never = () => () => undefined;
