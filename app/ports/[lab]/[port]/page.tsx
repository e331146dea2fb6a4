// The address of a lab's port on the site: opens it for whose lab it is and for instructors, and says to others why not.
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import { site } from '../../../../server/site.ts';
import { SiteHeader } from '../../../components/site-header.tsx';
import { getTexts } from '../../../language/texts.ts';
import { OpenPort } from './open-port.tsx';

interface Props { params: Promise<{ lab: string; port: string }>; }

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const [t, { port }] = await Promise.all([getTexts(), params]);
  return { title: t('portPage.title', { port }), robots: { index: false } };
}

export default async function PortRoute({ params }: Props) {
  const [t, { lab, port }, asked] = await Promise.all([getTexts(), params, headers()]);
  const target = { lab, port: Number(port) };
  const page = await site().portPage(asked.get('cookie'), t.language, target);
  if (!page) notFound();
  const title = page.title ?? t('labs.play');
  return (
    <>
      <SiteHeader />
      <main id="main" className="centred">
        <h1>{t('portPage.title', { port })}</h1>
        {page.who === 'stranger' ? <>
          <p>{t('portPage.stranger')}</p>
          <p className="actions"><Link className="button primary" href="/labs">{t('labs.title')}</Link></p>
        </> : <>
          <p>{page.who === 'owner' ? t('portPage.yours', { title }) : t('portPage.theirs', { title, owner: page.owner })}</p>
          <OpenPort lab={lab} port={target.port}>{page.who === 'owner' && <Link className="button" href={page.href}>{t('portPage.lab')}</Link>}</OpenPort>
        </>}
      </main>
    </>
  );
}
