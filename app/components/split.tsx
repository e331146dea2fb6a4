// Two panes side by side with a separator that mouse, finger and arrow keys move; double click puts it back. The share is kept in the browser.
'use client';
import { useRef, useState, useSyncExternalStore, type CSSProperties, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';
import { useTexts } from '../language/texts-context.tsx';

const KEY = 'slipway.split';
const LIMITS = { min: 25, max: 75, start: 44 } as const;
const clamp = (share: number) => Math.min(LIMITS.max, Math.max(LIMITS.min, share));

const never = () => () => undefined;

function storedShare(): number {
  try { return clamp(Number(localStorage.getItem(KEY)) || LIMITS.start); } catch { return LIMITS.start; }
}

interface Props { left: ReactNode; right: ReactNode; view: 'left' | 'right'; }

export function Split({ left, right, view }: Props) {
  const t = useTexts();
  const root = useRef<HTMLDivElement>(null);
  const stored = useSyncExternalStore(never, storedShare, () => LIMITS.start);
  const [moved, setMoved] = useState<number | null>(null);
  const share = moved ?? stored;
  const move = (to: number) => {
    const next = clamp(to);
    setMoved(next);
    try { localStorage.setItem(KEY, next.toFixed(1)); } catch { /* storage is blocked */ }
  };
  const drag = (event: PointerEvent<HTMLDivElement>) => {
    const box = root.current?.getBoundingClientRect();
    if (box && event.currentTarget.hasPointerCapture(event.pointerId)) move(((event.clientX - box.left) / box.width) * 100);
  };
  const key = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 10 : 2;
    if (event.key === 'ArrowLeft') move(share - step);
    else if (event.key === 'ArrowRight') move(share + step);
    else if (event.key === 'Home') move(LIMITS.min);
    else if (event.key === 'End') move(LIMITS.max);
    else if (event.key === 'Enter') move(LIMITS.start);
    else return;
    event.preventDefault();
  };
  return (
    <div className="split" ref={root} data-view={view} style={{ '--share': `${share}%` } as CSSProperties}>
      <div className="workspace-left">{left}</div>
      <div className="splitter" role="separator" aria-orientation="vertical" aria-label={t('split.label')} aria-valuemin={LIMITS.min} aria-valuemax={LIMITS.max} aria-valuenow={Math.round(share)} tabIndex={0}
        title={t('split.title')} onPointerDown={(event) => { event.preventDefault(); event.currentTarget.setPointerCapture(event.pointerId); }} onPointerMove={drag} onDoubleClick={() => move(LIMITS.start)} onKeyDown={key} />
      <div className="workspace-right">{right}</div>
    </div>
  );
}
