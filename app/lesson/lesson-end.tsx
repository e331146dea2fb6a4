// The end of a lesson: what is still open, or that all is done and where to go from here.
'use client';
import Link from 'next/link';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { countDone, goToTask, nextTask } from './next-task.ts';

export function LessonEnd({ tasks, next }: { tasks: LessonTask[]; next: { slug: string; title: string } | undefined }) {
  const states = useWorkspace((s) => s.tasks);
  const open = tasks.length - countDone(tasks, states);
  const nextOpen = nextTask(tasks, states);
  if (tasks.length === 0) return null;
  if (open > 0) return <p className="lesson-end">{open === 1 ? 'One task is' : `${open} tasks are`} still open. {nextOpen && <button type="button" className="link" onClick={() => goToTask(nextOpen.id)}>Go to “{nextOpen.title}”</button>}</p>;
  return (
    <section className="lesson-end afloat" data-testid="afloat">
      <h2>She floats.</h2>
      <p>All {tasks.length} tasks are done. The lab is still yours: try what you have wondered about.</p>
      <p>{next ? <Link className="button primary" href={`/lessons/${next.slug}`}>Next lesson: {next.title}</Link> : <Link className="button primary" href="/#lessons">Back to the lessons</Link>}</p>
    </section>
  );
}
