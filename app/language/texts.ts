// Texts for server components, in the reader's language. Client components: texts-context.tsx.
import { headers } from 'next/headers';
import { cache } from 'react';
import { chooseLanguage, type Language } from '../../texts/language.ts';
import { translator, type Translate } from '../../texts/message.ts';
import { siteTexts, type SiteTexts } from '../../texts/site.ts';

/** The reader's choice, else what the browser asks for. Once per request. */
export const getLanguage = cache(async (): Promise<Language> => {
  const asked = await headers();
  return chooseLanguage(asked.get('cookie'), asked.get('accept-language'));
});

export const getTexts = cache(async (): Promise<Translate<SiteTexts>> => {
  const language = await getLanguage();
  return translator<SiteTexts>(siteTexts[language], language);
});
