// A modal dialog on the browser's own <dialog>: focus stays inside, Escape closes, focus returns. Mounted means open; the button marked
// data-first has the focus.
'use client';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';

export function Dialog({ title, close, children, actions }: { title: string; close(): void; children: ReactNode; actions: ReactNode }) {
  const heading = useId();
  const ref = useRef<HTMLDialogElement>(null);
  const [opener] = useState(() => document.activeElement);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    dialog?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => {
      dialog?.close();
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    };
  }, [opener]);
  return (
    <dialog ref={ref} className="box" aria-labelledby={heading} onCancel={(event) => { event.preventDefault(); close(); }}>
      <h2 id={heading}>{title}</h2>
      {children}
      <div className="actions">{actions}</div>
    </dialog>
  );
}
