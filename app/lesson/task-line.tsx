// The line under the terminals: which task is next, and for some seconds that one was ticked. It is always there, so it neither covers the prompt
// nor resizes the terminal when it has something to say.
'use client';
import { Check } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useTexts } from '../language/texts-context.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { goToTask, nextTask } from './next-task.ts';

const SHOWN_MS = 9000;

export function TaskLine({ tasks, showText }: { tasks: LessonTask[]; showText(): void }) {
  const t = useTexts();
  const lastDone = useWorkspace((s) => s.lastDone);
  const states = useWorkspace((s) => s.tasks);
  const [settled, setSettled] = useState(0);
  const count = lastDone?.count ?? 0;
  useEffect(() => {
    if (count === 0) return;
    const timer = setTimeout(() => setSettled(count), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [count]);
  const ticked = count > settled ? tasks.find((one) => one.id === lastDone?.id) : undefined;
  const next = nextTask(tasks, states);
  const tried = next && ['tried', 'failed'].includes(states[next.id]?.state ?? '');
  const nextButton = next && <button type="button" className="link" onClick={() => { showText(); goToTask(next.id); }}>{next.title}</button>;
  if (tasks.length === 0) return null;
  return (
    <div className="task-line" data-state={ticked ? 'ticked' : tried ? 'tried' : 'open'} key={ticked ? count : 0} data-testid="task-line">
      {ticked && <span className="task-line-tick" data-testid="ticked"><Check size={16} strokeWidth={3.5} aria-hidden /><strong>{t('line.done', { title: ticked.title })}</strong></span>}
      {next ? <span className="task-line-next"><span className="label">{tried && !ticked ? t('line.tried') : t('line.next')}</span> {nextButton}</span> : <span className="task-line-next">{t('line.all', { count: tasks.length })}</span>}
    </div>
  );
}

/** The same for screen readers, wherever the reader is: on a narrow window the line itself may be hidden. */
export function TaskAnnouncer({ tasks }: { tasks: LessonTask[] }) {
  const t = useTexts();
  const lastDone = useWorkspace((s) => s.lastDone);
  const states = useWorkspace((s) => s.tasks);
  const task = tasks.find((one) => one.id === lastDone?.id);
  const next = nextTask(tasks, states);
  return <p className="visually-hidden" role="status">{task && (next ? t('announce.next', { title: task.title, next: next.title }) : t('announce.last', { title: task.title }))}</p>;
}
