// A lesson: its text is rendered here on the server, with the learner's ticks as they are; the workspace around it is the browser's.
import type { Metadata } from 'next';
import { headers } from 'next/headers';
import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { TaskState } from '../../../server/protocol.ts';
import { site } from '../../../server/site.ts';
import { SiteHeader } from '../../components/site-header.tsx';
import { LessonBody } from '../../lesson/lesson-body.tsx';
import { LessonEnd } from '../../lesson/lesson-end.tsx';
import { LessonWorkspace } from '../../lesson/lesson-workspace.tsx';
import '../../styles/lesson.css';
import '../../styles/workspace.css';

interface Props { params: Promise<{ slug: string }>; }

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const lesson = await site().lessonPage((await params).slug);
  return lesson ? { title: lesson.title, description: lesson.summary } : { title: 'No such lesson' };
}

export default async function LessonRoute({ params }: Props) {
  const { slug } = await params;
  const [lesson, lessons, progress] = await Promise.all([site().lessonPage(slug), site().listLessons(), headers().then((h) => site().progress(h.get('cookie')))]);
  if (!lesson) notFound();
  const index = lessons.findIndex((l) => l.slug === slug);
  const done = new Set(progress.lessons[slug]?.done);
  const initial: Record<string, TaskState> = Object.fromEntries(lesson.taskList.map((t) => [t.id, done.has(t.id) ? { state: 'done', at: '', evidence: '' } : { state: 'open' }]));
  const [previous, next] = [lessons[index - 1], lessons[index + 1]];
  return (
    <div className="workspace-page">
      <SiteHeader><p className="lesson-name">{lesson.title}</p></SiteHeader>
      <main id="main" className="workspace-main">
        <LessonWorkspace slug={slug} tasks={lesson.taskList} initial={initial}>
          <header className="lesson-head">
            <p className="label">{lesson.headings.map((h) => h.title).join(' · ')} · {lesson.level} · about {lesson.minutes} minutes</p>
            <h1>{lesson.title}</h1>
            <p className="lesson-summary">{lesson.summary}</p>
          </header>
          <div className="prose"><LessonBody body={lesson.body} tasks={lesson.taskList} /></div>
          <LessonEnd tasks={lesson.taskList} next={next && { slug: next.slug, title: next.title }} />
          <nav className="lesson-nav" aria-label="Lessons">
            {previous ? <Link href={`/lessons/${previous.slug}`}>← {previous.title}</Link> : <Link href="/#lessons">← All lessons</Link>}
            {next ? <Link href={`/lessons/${next.slug}`}>{next.title} →</Link> : <Link href="/play">Try things out in a lab →</Link>}
          </nav>
        </LessonWorkspace>
      </main>
    </div>
  );
}
