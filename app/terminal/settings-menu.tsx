// The terminal's settings and its keys, in a popover beside the tabs.
'use client';
import { Settings2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { FONT_SIZES, changeTerminalSettings, useTerminalSettings, type Colours } from './settings.ts';

const COLOURS: { value: Colours; label: string }[] = [{ value: 'auto', label: 'As the site' }, { value: 'light', label: 'Light' }, { value: 'dark', label: 'Dark' }, { value: 'contrast', label: 'High contrast' }];
const KEYS: [string, string][] = [
  ['F6', 'leave the terminal, to the text and back'], ['Ctrl C', 'copies when text is selected, else interrupts'], ['Ctrl V', 'pastes (Ctrl Shift V always does)'],
  ['Ctrl Shift F', 'find in the output'], ['Ctrl Shift Enter', 'another terminal'], ['Ctrl Shift ← →', 'next and previous terminal'], ['Ctrl D', 'ends the shell and closes its tab'], ['Ctrl Shift ;', 'the same as F6'],
];

export function SettingsMenu() {
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
      <button type="button" ref={button} className="icon-button" aria-expanded={open} aria-controls="terminal-settings" aria-label="Terminal settings and keys" title="Terminal settings and keys" onClick={() => setOpen(!open)}><Settings2 size={17} aria-hidden /></button>
      {open && (
        <div className="settings-box" id="terminal-settings" role="group" aria-label="Terminal settings">
          <div className="settings-row"><span id="settings-size">Text size</span>
            <span className="stepper" role="group" aria-labelledby="settings-size">
              <button type="button" aria-label="Smaller text" disabled={settings.fontSize <= FONT_SIZES.min} onClick={() => changeTerminalSettings({ fontSize: settings.fontSize - 1 })}>A−</button>
              <output aria-live="polite">{settings.fontSize}</output>
              <button type="button" aria-label="Larger text" disabled={settings.fontSize >= FONT_SIZES.max} onClick={() => changeTerminalSettings({ fontSize: settings.fontSize + 1 })}>A+</button>
            </span></div>
          <label className="settings-row">Colours
            <select value={settings.colours} onChange={(event) => changeTerminalSettings({ colours: event.target.value as Colours })}>{COLOURS.map(({ value, label }) => <option key={value} value={value}>{label}</option>)}</select></label>
          <label className="settings-row">For screen readers<input type="checkbox" checked={settings.screenReader} onChange={(event) => changeTerminalSettings({ screenReader: event.target.checked })} /></label>
          <dl className="settings-keys">{KEYS.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl>
        </div>
      )}
    </div>
  );
}
