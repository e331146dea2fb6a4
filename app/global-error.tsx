// The last resort, when even the frame of the page failed, and with it what gives pages their texts. It brings its own frame, its own few words in every
// language, and no client-side navigation.
'use client';
import { useSyncExternalStore } from 'react';
import { chooseLanguage, LANGUAGES, SOURCE, type Language, type Text } from '../texts/language.ts';
import './styles/base.css';

const words = {
  label: { en: 'Something broke on our side', de: 'Bei uns ist etwas schiefgegangen' },
  heading: { en: 'Slipway could not show this page.', de: 'Slipway konnte diese Seite nicht anzeigen.' },
  text: { en: 'Your lab and your progress are not touched.', de: 'Dein Lab und dein Fortschritt sind davon nicht betroffen.' },
  again: { en: 'Try again', de: 'Noch einmal versuchen' },
  front: { en: 'To the front page', de: 'Zur Startseite' },
} satisfies Record<string, Text>;
const never = () => () => undefined;

export default function GlobalError({ reset }: { error: Error; reset: () => void }) {
  const language = useSyncExternalStore<Language>(never, () => chooseLanguage(document.cookie, navigator.languages.join()), () => SOURCE);
  return (
    <html lang={LANGUAGES[language].tag}>
      <body>
        <main id="main" className="centred">
          <p className="label">{words.label[language]}</p>
          <h1>{words.heading[language]}</h1>
          <p>{words.text[language]}</p>
          <p className="actions"><button type="button" className="button primary" onClick={reset}>{words.again[language]}</button><a className="button" href="/">{words.front[language]}</a></p>
        </main>
      </body>
    </html>
  );
}
