// No such page.
import type { Metadata } from 'next';
import Link from 'next/link';
import { SiteHeader } from './components/site-header.tsx';
import { getTexts } from './language/texts.ts';

export const generateMetadata = async (): Promise<Metadata> => ({ title: (await getTexts())('notFound.title') });

export default async function NotFound() {
  const t = await getTexts();
  return (
    <>
      <SiteHeader />
      <main id="main" className="centred">
        <p className="label">404</p>
        <h1>{t('notFound.heading')}</h1>
        <p>{t('notFound.text')}</p>
        <p className="actions"><Link className="button primary" href="/#lessons">{t('notFound.lessons')}</Link><Link className="button" href="/play">{t('notFound.lab')}</Link></p>
      </main>
    </>
  );
}
