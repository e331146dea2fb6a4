// Texts for client components. The layout passes the catalogue of the one language in use; a switch of language renders it anew with the other.
'use client';
import { createContext, useContext, useState, type ReactNode } from 'react';
import type { Language } from '../../texts/language.ts';
import { translator, type Translation } from '../../texts/message.ts';
import type { PageTexts, T } from '../../texts/site.ts';

const TextsContext = createContext<T | null>(null);

export function TextsProvider({ language, texts, children }: { language: Language; texts: Translation<PageTexts>; children: ReactNode }) {
  // The catalogue comes as a new object with every answer of the server; it says the same as long as the language does.
  const [t, setT] = useState(() => translator<PageTexts>(texts, language));
  if (t.language !== language) setT(() => translator<PageTexts>(texts, language));
  return <TextsContext value={t}>{children}</TextsContext>;
}

export function useTexts(): T {
  const t = useContext(TextsContext);
  if (!t) throw new Error('Used outside of the layout.');
  return t;
}
