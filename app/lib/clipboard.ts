// Copying that works on plain HTTP too, where navigator.clipboard is missing. Call it from a key press or a click; it gives the focus back.
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext && navigator.clipboard) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* refused by policy: the old way may still be allowed */ }
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement as HTMLElement | null;
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('aria-hidden', 'true');
  area.style.cssText = 'position:fixed;inset:0 auto auto 0;width:1px;height:1px;opacity:0';
  // Inside an open modal dialog nothing outside of it can take the focus.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  try { return document.execCommand('copy'); } catch { return false; } finally { area.remove(); focused?.focus({ preventScroll: true }); }
}
