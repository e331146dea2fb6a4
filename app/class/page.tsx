// For instructors: what labs of the class may reach outside, within what the operator permits.
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import Link from 'next/link';
import { site } from '../../server/site.ts';
import { SiteHeader } from '../components/site-header.tsx';
import { getTexts } from '../language/texts.ts';
import '../styles/labs.css';
import { EgressForm } from './egress-form.tsx';

export const generateMetadata = async (): Promise<Metadata> => ({ title: (await getTexts())('class.title') });

export default async function ClassRoute() {
  const t = await getTexts();
  const egress = await headers().then((asked) => site().egressPage(asked.get('cookie')));
  return (
    <>
      <SiteHeader />
      <main id="main" className="page labs">
        <h1>{t('class.title')}</h1>
        {!egress && <p className="labs-sub">{t('class.notYours')} <Link href="/#lessons">{t('class.home')}</Link></p>}
        {egress && <>
          <p className="labs-sub">{t('class.sub')}</p>
          <EgressForm egress={egress} />
        </>}
      </main>
    </>
  );
}
