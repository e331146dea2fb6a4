// Find in the terminal's output: Enter next, Shift+Enter previous, Escape back to the terminal.
'use client';
import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';

interface Props { find(text: string, direction: 'next' | 'previous'): boolean; close(): void; }

export function SearchBar({ find, close }: Props) {
  const t = useTexts();
  const [text, setText] = useState('');
  const [found, setFound] = useState<boolean | null>(null);
  const go = (direction: 'next' | 'previous') => setFound(text === '' ? null : find(text, direction));
  return (
    <div className="terminal-search" role="search" onKeyDown={(event) => { if (event.key === 'Escape') { event.stopPropagation(); close(); } }}>
      <input autoFocus aria-label={t('search.label')} placeholder={t('search.label')} value={text} spellCheck={false} autoComplete="off"
        onChange={(event) => { setText(event.target.value); setFound(event.target.value === '' ? null : find(event.target.value, 'previous')); }}
        onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); go(event.shiftKey ? 'next' : 'previous'); } }} />
      <span role="status" className="terminal-search-status">{found === false ? t('search.none') : ''}</span>
      <button type="button" className="icon-button" aria-label={t('search.previous')} onClick={() => go('previous')}><ChevronUp size={16} aria-hidden /></button>
      <button type="button" className="icon-button" aria-label={t('search.next')} onClick={() => go('next')}><ChevronDown size={16} aria-hidden /></button>
      <button type="button" className="icon-button" aria-label={t('search.close')} onClick={close}><X size={16} aria-hidden /></button>
    </div>
  );
}
