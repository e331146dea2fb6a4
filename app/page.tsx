// The front page: what this is in one sentence, one button that begins, and the lessons.
import { ArrowRight } from 'lucide-react';
import { headers } from 'next/headers';
import Link from 'next/link';
import { site } from '../server/site.ts';
import { HullDrawing } from './components/hull-drawing.tsx';
import { LessonCard } from './components/lesson-card.tsx';
import { SiteHeader } from './components/site-header.tsx';
import './styles/front.css';

export default async function FrontPage() {
  const [lessons, progress] = await Promise.all([site().listLessons(), headers().then((h) => site().progress(h.get('cookie')))]);
  const doneOf = (slug: string) => progress.lessons[slug]?.done.length ?? 0;
  const first = lessons[0];
  const resumed = lessons.filter((l) => doneOf(l.slug) > 0 && doneOf(l.slug) < l.tasks)
    .sort((a, b) => (progress.lessons[b.slug]?.lastSeenAt ?? '').localeCompare(progress.lessons[a.slug]?.lastSeenAt ?? ''))[0];
  const start = resumed ?? lessons.find((l) => doneOf(l.slug) < l.tasks) ?? first;
  const startWords = resumed ? `Go on: ${resumed.title}` : !start || doneOf(start.slug) > 0 ? 'Open the first lesson again' : start === first ? 'Start: your first container' : `Next: ${start.title}`;
  const parts = [...new Set(lessons.map((l) => l.headings[0]?.title ?? ''))];
  return (
    <>
      <SiteHeader />
      <main id="main" className="page">
        <section className="hero">
          <div className="hero-words">
            <h1>Learn containers on a real Linux host of your own.</h1>
            <p className="hero-sub">A terminal in this page, the <code>docker</code> command as everybody uses it, and tasks that tick themselves when you have done them.</p>
            <p className="hero-actions">
              {start && <Link className="button primary big" href={`/lessons/${start.slug}`} data-testid="start">{startWords}<ArrowRight size={20} aria-hidden /></Link>}
              <Link className={start ? 'hero-lab' : 'button primary big'} href="/play">Just give me a lab</Link>
            </p>
            <p className="hero-note">No account, nothing to install. Your lab and your ticks are here when you come back.</p>
          </div>
          <HullDrawing />
        </section>
        <section className="lessons" id="lessons" aria-labelledby="lessons-title">
          <h2 id="lessons-title">Lessons</h2>
          {lessons.length === 0 && <p>No lesson is installed on this server. <Link href="/play">A lab without a lesson</Link> works all the same.</p>}
          {parts.map((part) => (
            <div className="part" key={part}>
              <h3 className="label">{part}</h3>
              <ol className="lesson-list">{lessons.filter((l) => l.headings[0]?.title === part).map((l) => <LessonCard key={l.slug} lesson={l} number={lessons.indexOf(l) + 1} done={doneOf(l.slug)} />)}</ol>
            </div>
          ))}
        </section>
        <section className="honest" aria-labelledby="honest-title">
          <h2 id="honest-title">What you get</h2>
          <dl>
            <div><dt>A host, not a film of one</dt><dd>Your lab has its own processes, network, disk and users. You are root in it, and what you break is yours alone.</dd></div>
            <div><dt>The stock command</dt><dd><code>docker</code> is Debian’s own package, unmodified. What you type here works the same on your machine.</dd></div>
            <div><dt>Ticks from what is true</dt><dd>A task is done when the engine and the kernel show it, whichever way you got there. When something is off, it says what it found.</dd></div>
            <div><dt>What is missing</dt><dd>Labs cannot reach the Internet. Images come from a small library on this server.</dd></div>
          </dl>
        </section>
        <footer className="site-footer"><span>Slipway, a teaching lab for containers</span><span>A slipway is the incline a ship is built on, and leaves by.</span></footer>
      </main>
    </>
  );
}
