// The end of a lesson: what is still open, or that all is done and where to go from here.
'use client';
import Link from 'next/link';
import { useTexts } from '../language/texts-context.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { countDone, goToTask, nextTask } from './next-task.ts';

export function LessonEnd({ tasks, next }: { tasks: LessonTask[]; next: { slug: string; title: string } | undefined }) {
  const t = useTexts();
  const states = useWorkspace((s) => s.tasks);
  const open = tasks.length - countDone(tasks, states);
  const nextOpen = nextTask(tasks, states);
  if (tasks.length === 0) return null;
  if (open > 0) return <p className="lesson-end">{t('end.open', { count: open })} {nextOpen && <button type="button" className="link" onClick={() => goToTask(nextOpen.id)}>{t('end.goTo', { title: nextOpen.title })}</button>}</p>;
  return (
    <section className="lesson-end afloat" data-testid="afloat">
      <h2>{t('end.afloat')}</h2>
      <p>{t('end.done', { count: tasks.length })}</p>
      <p>{next ? <Link className="button primary" href={`/lessons/${next.slug}`}>{t('end.next', { title: next.title })}</Link> : <Link className="button primary" href="/#lessons">{t('end.back')}</Link>}</p>
    </section>
  );
}
