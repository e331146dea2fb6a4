// Light or dark, chosen by the reader and kept; until then the system decides (public/theme.js applies it before the first paint).
'use client';
import { Moon, Sun } from 'lucide-react';
import { useTexts } from '../language/texts-context.tsx';

export function ThemeToggle() {
  const t = useTexts();
  const toggle = () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try { localStorage.setItem('slipway.theme', root.dataset.theme); } catch { /* storage is blocked: good for this page only */ }
  };
  return <button type="button" className="icon-button theme-toggle" aria-label={t('header.theme')} title={t('header.themeShort')} onClick={toggle}><Sun size={17} className="theme-sun" aria-hidden /><Moon size={17} className="theme-moon" aria-hidden /></button>;
}
