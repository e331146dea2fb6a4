// Keys that a touch keyboard lacks. Shown by CSS on touch screens and narrow windows only. Ctrl stays held for the next key.
'use client';

const KEYS: { label: string; name: string; data: string }[] = [
  { label: 'Esc', name: 'Escape', data: '\x1b' }, { label: 'Tab', name: 'Tab', data: '\t' }, { label: '^C', name: 'Control C, interrupt', data: '\x03' },
  { label: '↑', name: 'Up, earlier command', data: '\x1b[A' }, { label: '↓', name: 'Down', data: '\x1b[B' }, { label: '←', name: 'Left', data: '\x1b[D' }, { label: '→', name: 'Right', data: '\x1b[C' },
  { label: '-', name: 'Dash', data: '-' }, { label: '/', name: 'Slash', data: '/' }, { label: '|', name: 'Pipe', data: '|' },
];

export function HelperKeys({ control, holdControl, type }: { control: boolean; holdControl(held: boolean): void; type(data: string): void }) {
  return (
    <div className="helper-keys" role="toolbar" aria-label="Keys for the terminal">
      {/* Taking the pointer's default away keeps the focus, and so the on-screen keyboard, where it is. */}
      <button type="button" aria-pressed={control} onPointerDown={(event) => event.preventDefault()} onClick={() => holdControl(!control)}>Ctrl</button>
      {KEYS.map((key) => <button type="button" key={key.name} aria-label={key.name} onPointerDown={(event) => event.preventDefault()} onClick={() => type(key.data)}>{key.label}</button>)}
    </div>
  );
}
