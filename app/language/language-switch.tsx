// The language of the interface, chosen by the reader and kept in a cookie; until then, and without JavaScript, the browser's settings decide.
// Changing it renders the page anew in place: terminals, half-typed lines and ticks stay.
'use client';
import { Languages } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useTransition } from 'react';
import { LANGUAGE_COOKIE, LANGUAGES, languages, type Language } from '../../texts/language.ts';
import { useTexts } from './texts-context.tsx';

const KEPT_SECONDS = 365 * 86_400;

export function LanguageSwitch() {
  const t = useTexts();
  const router = useRouter();
  const [pending, begin] = useTransition();
  const choose = (language: Language) => {
    document.cookie = `${LANGUAGE_COOKIE}=${language}; path=/; max-age=${KEPT_SECONDS}; samesite=lax${location.protocol === 'https:' ? '; secure' : ''}`;
    begin(() => router.refresh());
  };
  return (
    <label className="language-switch" aria-busy={pending}>
      <Languages size={17} aria-hidden /><span aria-hidden>{t.language.toUpperCase()}</span>
      <span className="visually-hidden">{t('header.language')}</span>
      <select value={t.language} data-testid="language" onChange={(event) => choose(event.target.value as Language)}>
        {languages.map((language) => <option key={language} value={language} lang={LANGUAGES[language].tag}>{LANGUAGES[language].name}</option>)}
      </select>
    </label>
  );
}
