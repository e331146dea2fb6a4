// The terminal's settings and its keys, in a popover beside the tabs.
'use client';
import { AArrowDown, AArrowUp, Settings2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { T } from '../../texts/site.ts';
import { useTexts } from '../language/texts-context.tsx';
import { FONT_SIZES, changeTerminalSettings, useTerminalSettings, type Colours } from './settings.ts';

const colours = (t: T): { value: Colours; label: string }[] => [{ value: 'auto', label: t('settings.auto') }, { value: 'light', label: t('settings.light') }, { value: 'dark', label: t('settings.dark') }, { value: 'contrast', label: t('settings.contrast') }];

/** As they are written on the reader's keyboard. */
function keys(t: T): [string, string][] {
  const [ctrl, shift, enter] = [t('key.ctrl'), t('key.shift'), t('key.enter')];
  return [
    ['F6', t('key.leave')], [`${ctrl} C`, t('key.copy')], [`${ctrl} V`, t('key.paste', { key: `${ctrl} ${shift} V` })],
    [`${ctrl} ${shift} F`, t('key.find')], [`${ctrl} ${shift} ${enter}`, t('key.another')], [`${ctrl} ${shift} ← →`, t('key.switch')], [`${ctrl} D`, t('key.end')], [`${ctrl} ${shift} ;`, t('key.leaveToo')],
  ];
}

const MARGIN = 12; // pixels

/** The tabs stand lower where a port is shown above them. */
function fitWindow(box: HTMLElement | null) {
  if (box) box.style.maxHeight = `${window.innerHeight - box.getBoundingClientRect().top - MARGIN}px`;
}

export function SettingsMenu() {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const settings = useTerminalSettings();
  useEffect(() => {
    if (!open) return;
    const away = (event: Event) => { if (!root.current?.contains(event.target as Node)) setOpen(false); };
    document.addEventListener('pointerdown', away);
    document.addEventListener('focusin', away);
    return () => { document.removeEventListener('pointerdown', away); document.removeEventListener('focusin', away); };
  }, [open]);
  return (
    <div className="settings" ref={root} onKeyDown={(event) => { if (event.key === 'Escape' && open) { setOpen(false); button.current?.focus(); } }}>
      <button type="button" ref={button} className="icon-button" aria-expanded={open} aria-controls="terminal-settings" aria-label={t('settings.open')} title={t('settings.open')} onClick={() => setOpen(!open)}><Settings2 size={17} aria-hidden /></button>
      {open && (
        <div className="settings-box" ref={fitWindow} id="terminal-settings" role="group" aria-label={t('settings.label')}>
          <div className="settings-row"><span id="settings-size">{t('settings.size')}</span>
            <span className="stepper" role="group" aria-labelledby="settings-size">
              <button type="button" aria-label={t('settings.smaller')} disabled={settings.fontSize <= FONT_SIZES.min} onClick={() => changeTerminalSettings({ fontSize: settings.fontSize - 1 })}><AArrowDown size={17} aria-hidden /></button>
              <output aria-live="polite">{settings.fontSize}</output>
              <button type="button" aria-label={t('settings.larger')} disabled={settings.fontSize >= FONT_SIZES.max} onClick={() => changeTerminalSettings({ fontSize: settings.fontSize + 1 })}><AArrowUp size={17} aria-hidden /></button>
            </span></div>
          <label className="settings-row">{t('settings.colours')}
            <select value={settings.colours} onChange={(event) => changeTerminalSettings({ colours: event.target.value as Colours })}>{colours(t).map(({ value, label }) => <option key={value} value={value}>{label}</option>)}</select></label>
          <label className="settings-row">{t('settings.screenReader')}<input type="checkbox" checked={settings.screenReader} onChange={(event) => changeTerminalSettings({ screenReader: event.target.checked })} /></label>
          <dl className="settings-keys">{keys(t).map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
        </div>
      )}
    </div>
  );
}
