// A learner's labs: what each takes, when it was open, until when it is kept; to open, to remove, and to continue elsewhere.
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import Link from 'next/link';
import { site } from '../../server/site.ts';
import { SiteHeader } from '../components/site-header.tsx';
import { getTexts } from '../language/texts.ts';
import { ResumeButton } from '../resume/resume-button.tsx';
import '../styles/labs.css';
import { GoBack } from './go-back.tsx';
import { LabList } from './lab-list.tsx';

export const generateMetadata = async (): Promise<Metadata> => ({ title: (await getTexts())('labs.title') });

export default async function LabsRoute() {
  const t = await getTexts();
  const cookie = (await headers()).get('cookie');
  const leads = (await site().egressPage(cookie)) !== undefined;
  const { id, labs, before, most } = await site().yourLabs(cookie, t.language);
  return (
    <>
      <SiteHeader />
      <main id="main" className="page labs">
        <h1>{t('labs.title')}</h1>
        <p className="labs-sub">{t('labs.sub', { count: most })}</p>
        {leads && <p className="labs-sub"><Link href="/class">{t('class.nav')}</Link></p>}
        {before && <GoBack />}
        {labs.length === 0 && <p>{t.parts('labs.none', { lesson: <Link key="lesson" href="/#lessons">{t('labs.noneLesson')}</Link>, lab: <Link key="lab" href="/play">{t('labs.noneLab')}</Link> })}</p>}
        <LabList labs={labs} />
        <section className="labs-elsewhere" aria-label={t('resume.open')}><p>{t('resume.about')}</p><ResumeButton /></section>
        {id && <p className="labs-id">{t.parts('labs.id', { id: <code key="id">{id}</code> })}</p>}
      </main>
    </>
  );
}
