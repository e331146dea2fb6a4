// The end of a lesson: what is still open, or that all is done and where to go from here.
'use client';
import Link from 'next/link';
import { useTexts } from '../language/texts-context.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { countDone, countSkipped, goToTask, nextTask } from './next-task.ts';

export function LessonEnd({ tasks, next }: { tasks: LessonTask[]; next: { slug: string; title: string } | undefined }) {
  const t = useTexts();
  const states = useWorkspace((s) => s.tasks);
  const skipped = countSkipped(tasks, states);
  const open = tasks.length - countDone(tasks, states) - skipped;
  const nextOpen = nextTask(tasks, states);
  if (tasks.length === 0) return null;
  if (open > 0) return <p className="lesson-end">{t('end.open', { count: open })} {nextOpen && <button type="button" className="link" onClick={() => goToTask(nextOpen.id)}>{t('end.goTo', { title: nextOpen.title })}</button>}</p>;
  return (
    <section className={skipped > 0 ? 'lesson-end' : 'lesson-end afloat'} data-testid={skipped > 0 ? 'end' : 'afloat'}>
      {skipped === 0 && <h2>{t('end.afloat')}</h2>}
      <p>{skipped > 0 ? t('end.skipped', { count: skipped }) : t('end.done', { count: tasks.length })}</p>
      <p>{next ? <Link className="button primary" href={`/lessons/${next.slug}`}>{t('end.next', { title: next.title })}</Link> : <Link className="button primary" href="/#lessons">{t('end.back')}</Link>}</p>
    </section>
  );
}
