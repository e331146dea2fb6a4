// The front page: what this is in one sentence, one button that begins, and the lessons.
import { ArrowRight } from 'lucide-react';
import { headers } from 'next/headers';
import Link from 'next/link';
import { Fragment } from 'react';
import { site } from '../server/site.ts';
import { HullDrawing } from './components/hull-drawing.tsx';
import { LessonCard } from './components/lesson-card.tsx';
import { SiteHeader } from './components/site-header.tsx';
import { Words } from './components/words.tsx';
import { rich } from './language/rich.tsx';
import { getTexts } from './language/texts.ts';
import { SoonRemoved } from './labs/soon-removed.tsx';
import './styles/front.css';
import './styles/labs.css';

export default async function FrontPage() {
  const t = await getTexts();
  const [lessons, progress] = await Promise.all([site().listLessons(t.language), headers().then((h) => site().progress(h.get('cookie')))]);
  const doneOf = (slug: string) => progress.lessons[slug]?.done.length ?? 0;
  const first = lessons[0];
  const resumed = lessons.filter((l) => doneOf(l.slug) > 0 && doneOf(l.slug) < l.tasks)
    .sort((a, b) => (progress.lessons[b.slug]?.lastSeenAt ?? '').localeCompare(progress.lessons[a.slug]?.lastSeenAt ?? ''))[0];
  const start = resumed ?? lessons.find((l) => doneOf(l.slug) < l.tasks) ?? first;
  const startWords = resumed ? t('front.goOn', { title: resumed.title }) : !start || doneOf(start.slug) > 0 ? t('front.openAgain') : start === first ? t('front.start') : t('front.next', { title: start.title });
  const parts = [...new Set(lessons.map((l) => l.headings[0]?.title ?? ''))];
  const summaryOf = (part: string) => lessons.find((l) => l.headings[0]?.title === part)?.headings[0]?.summary;
  /** In the order of their first lessons; undefined stands for lessons of the part itself. */
  const chaptersOf = (part: string) => [...new Map(lessons.filter((l) => l.headings[0]?.title === part).map((l) => [l.headings[1]?.title, l.headings[1]])).values()];
  return (
    <>
      <SiteHeader />
      <main id="main" className="page">
        <section className="hero">
          <div className="hero-words">
            <h1>{t('front.heading')}</h1>
            <p className="hero-sub"><Words text={t('front.sub')} /></p>
            <p className="hero-actions">
              {start && <Link className="button primary big" href={`/lessons/${start.slug}`} data-testid="start">{startWords}<ArrowRight size={20} aria-hidden /></Link>}
              <Link className={start ? 'hero-lab' : 'button primary big'} href="/play">{t('front.lab')}</Link>
            </p>
            <p className="hero-note">{t('front.note')}</p>
            <SoonRemoved />
          </div>
          <HullDrawing />
        </section>
        <section className="lessons" id="lessons" aria-labelledby="lessons-title">
          <h2 id="lessons-title">{t('front.lessons')}</h2>
          {lessons.length === 0 && <p>{rich(t.parts('front.noLesson', { lab: <Link href="/play">{t('front.noLessonLab')}</Link> }))}</p>}
          {parts.map((part) => (
            <div className="part" key={part}>
              <h3 className="label">{part}</h3>
              {summaryOf(part) && <p className="part-summary">{summaryOf(part)}</p>}
              {chaptersOf(part).map((chapter) => (
                <Fragment key={chapter?.title ?? ''}>
                  {chapter && <h4 className="chapter">{chapter.title}</h4>}
                  {chapter?.summary && <p className="part-summary">{chapter.summary}</p>}
                  <ol className="lesson-list">{lessons.filter((l) => l.headings[0]?.title === part && l.headings[1]?.title === chapter?.title).map((l) => <LessonCard key={l.slug} lesson={l} number={lessons.indexOf(l) + 1} done={doneOf(l.slug)} />)}</ol>
                </Fragment>
              ))}
            </div>
          ))}
        </section>
        <section className="honest" aria-labelledby="honest-title">
          <h2 id="honest-title">{t('front.honest')}</h2>
          <dl>
            <div><dt>{t('front.honestHost')}</dt><dd>{t('front.honestHostText')}</dd></div>
            <div><dt>{t('front.honestCommand')}</dt><dd><Words text={t('front.honestCommandText')} /></dd></div>
            <div><dt>{t('front.honestTicks')}</dt><dd>{t('front.honestTicksText')}</dd></div>
            <div><dt>{t('front.honestMissing')}</dt><dd>{t('front.honestMissingText')}</dd></div>
          </dl>
        </section>
        <footer className="site-footer"><span>{t('front.footer')}</span><span>{t('front.footerName')}</span></footer>
      </main>
    </>
  );
}
