// A modal dialog on the browser's own <dialog>: focus stays inside, Escape closes, focus returns. Mounted means open.
'use client';
import { useEffect, useRef, type ReactNode } from 'react';

export function Dialog({ title, close, children, actions }: { title: string; close(): void; children: ReactNode; actions: ReactNode }) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog ref={ref} className="box" aria-labelledby="dialog-title" onCancel={(event) => { event.preventDefault(); close(); }}>
      <h2 id="dialog-title">{title}</h2>
      {children}
      <div className="actions">{actions}</div>
    </dialog>
  );
}
