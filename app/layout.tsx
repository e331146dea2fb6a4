// The frame of every page: language, theme before the first paint, skip link. The theme script is a static file so that no inline script of ours needs an
// exception in the content security policy.
import type { Metadata, Viewport } from 'next';
import { cookies } from 'next/headers';
import type { ReactNode } from 'react';
import { LANGUAGES } from '../texts/language.ts';
import { pageTexts } from '../texts/site.ts';
import { getTexts } from './language/texts.ts';
import { EndedNotice } from './resume/ended-notice.tsx';
import { TextsProvider } from './language/texts-context.tsx';
import './styles/base.css';

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTexts();
  return { title: { default: t('site.title'), template: '%s · Slipway' }, description: t('site.description'), applicationName: 'Slipway' };
}

export const viewport: Viewport = {
  width: 'device-width', initialScale: 1,
  // With the on-screen keyboard up, the terminal and its helper keys take what is left instead of lying beneath it.
  interactiveWidget: 'resizes-content',
  themeColor: [{ media: '(prefers-color-scheme: light)', color: '#f5f2ea' }, { media: '(prefers-color-scheme: dark)', color: '#0f161c' }],
};

/** Pages carry the learner's own progress and a nonce per answer, so none is rendered ahead of time. */
export const dynamic = 'force-dynamic';

export default async function RootLayout({ children }: { children: ReactNode }) {
  const t = await getTexts();
  const wasEnded = (await cookies()).has('slipway_ended'); // put there by server/http/requests.ts
  return (
    <html lang={LANGUAGES[t.language].tag} suppressHydrationWarning>
      <head><script src="/theme.js" /></head>
      <body>
        <a className="skip" href="#main">{t('site.skip')}</a>
        <TextsProvider language={t.language} texts={pageTexts[t.language]}>{children}{wasEnded && <EndedNotice />}</TextsProvider>
      </body>
    </html>
  );
}
