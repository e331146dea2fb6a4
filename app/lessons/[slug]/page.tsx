// A lesson: its text is rendered here on the server, with the learner's ticks as they are; the workspace around it is the browser's.
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import { Fragment } from 'react';
import type { TaskState } from '../../../server/protocol.ts';
import { site } from '../../../server/site.ts';
import { LANGUAGES } from '../../../texts/language.ts';
import { levelIn } from '../../language/level.ts';
import { rich } from '../../language/rich.tsx';
import { getTexts } from '../../language/texts.ts';
import { SiteHeader } from '../../components/site-header.tsx';
import { LessonBody } from '../../lesson/lesson-body.tsx';
import { LessonEnd } from '../../lesson/lesson-end.tsx';
import { LessonWorkspace } from '../../lesson/lesson-workspace.tsx';
import '../../styles/lesson.css';
import '../../styles/workspace.css';

interface Props { params: Promise<{ slug: string }>; }

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const t = await getTexts();
  const lesson = await site().lessonPage((await params).slug, t.language);
  return lesson ? { title: lesson.title, description: lesson.summary } : { title: t('lesson.none') };
}

export default async function LessonRoute({ params }: Props) {
  const [{ slug }, t] = await Promise.all([params, getTexts()]);
  const [lesson, lessons, progress] = await Promise.all([site().lessonPage(slug, t.language), site().listLessons(t.language), headers().then((h) => site().progress(h.get('cookie')))]);
  if (!lesson) notFound();
  const index = lessons.findIndex((l) => l.slug === slug);
  const done = new Set(progress.lessons[slug]?.done);
  const initial: Record<string, TaskState> = Object.fromEntries(lesson.taskList.map(({ id }) => [id, done.has(id) ? { state: 'done', at: '', evidence: '' } : { state: 'open' }]));
  const isDone = (l: { slug: string }) => (progress.lessons[l.slug]?.done.length ?? 0) >= (lessons.find((one) => one.slug === l.slug)?.tasks ?? 0);
  const first = lesson.prerequisites.filter((l) => !isDone(l));
  const [previous, next] = [lessons[index - 1], lessons[index + 1]];
  return (
    <div className="workspace-page">
      <SiteHeader><p className="lesson-name">{lesson.title}</p></SiteHeader>
      <main id="main" className="workspace-main">
        <LessonWorkspace slug={slug} title={lesson.title} tasks={lesson.taskList} initial={initial}>
          {lesson.language !== t.language && <p className="notice lesson-untranslated">{t('lesson.notTranslated')}</p>}
          <div lang={LANGUAGES[lesson.language].tag}>
          <header className="lesson-head">
            <p className="label">{t('lesson.facts', { heading: lesson.headings.map((h) => h.title).join(' · '), level: levelIn(t, lesson.level), minutes: t('lesson.about', { count: lesson.minutes }) })}</p>
            <h1>{lesson.title}</h1>
            <p className="lesson-summary">{lesson.summary}</p>
            {first.length > 0 && <p className="lesson-first">{rich(t.parts('lesson.first', { lessons: first.map((l, i) => <Fragment key={l.slug}>{i > 0 && ', '}<Link href={`/lessons/${l.slug}`}>{l.title}</Link></Fragment>) }))}</p>}
          </header>
          <div className="prose"><LessonBody body={lesson.body} tasks={lesson.taskList} quizzes={lesson.quizzes} /></div>
          </div>
          <LessonEnd tasks={lesson.taskList} next={next && { slug: next.slug, title: next.title }} />
          <nav className="lesson-nav" aria-label={t('lesson.nav')}>
            {previous ? <Link href={`/lessons/${previous.slug}`}>← {previous.title}</Link> : <Link href="/#lessons">← {t('lesson.all')}</Link>}
            {next ? <Link href={`/lessons/${next.slug}`}>{next.title} →</Link> : <Link href="/play">{t('lesson.tryOut')} →</Link>}
          </nav>
        </LessonWorkspace>
      </main>
    </div>
  );
}
