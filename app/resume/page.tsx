// Where a resume link leads. What the link carries stands after the # and is read by the browser alone.
import type { Metadata } from 'next';
import { SiteHeader } from '../components/site-header.tsx';
import { getTexts } from '../language/texts.ts';
import { AcceptLink } from './accept-link.tsx';

export const generateMetadata = async (): Promise<Metadata> => ({ title: (await getTexts())('resume.title'), robots: { index: false }, referrer: 'no-referrer' });

export default async function ResumeRoute() {
  const t = await getTexts();
  return (
    <>
      <SiteHeader />
      <main id="main" className="centred">
        <noscript><p>{t('bar.noScript')}</p></noscript>
        <AcceptLink />
      </main>
    </>
  );
}
