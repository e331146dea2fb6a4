// Says that a task was ticked and which one is next: aloud for screen readers wherever they are, and for some seconds on the terminal's stage.
'use client';
import { Check } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { goToTask, nextTask } from './next-task.ts';

const SHOWN_MS = 9000;
const ALL_DONE = 'That was the last one. All tasks are done: she floats.';

export function TaskAnnouncer({ tasks }: { tasks: LessonTask[] }) {
  const { task, next } = useTicked(tasks);
  return <p className="visually-hidden" role="status">{task && `Task done: ${task.title}. ${next ? `Next: ${next.title}` : ALL_DONE}`}</p>;
}

export function TickToast({ tasks, showText }: { tasks: LessonTask[]; showText(): void }) {
  const { task, next, count } = useTicked(tasks);
  const [dismissed, setDismissed] = useState(0);
  useEffect(() => {
    if (count === 0) return;
    const timer = setTimeout(() => setDismissed(count), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [count]);
  if (!task || count <= dismissed) return null;
  return (
    <div className="ticked" key={count} data-testid="ticked">
      <span className="ticked-mark" aria-hidden><Check size={18} strokeWidth={3} /></span>
      <p><strong>Task done: {task.title}</strong><br />{next ? <>Next: <button type="button" className="link" onClick={() => { showText(); goToTask(next.id); }}>{next.title}</button></> : ALL_DONE}</p>
    </div>
  );
}

function useTicked(tasks: LessonTask[]) {
  const lastDone = useWorkspace((s) => s.lastDone);
  const states = useWorkspace((s) => s.tasks);
  return { task: tasks.find((t) => t.id === lastDone?.id), next: nextTask(tasks, states), count: lastDone?.count ?? 0 };
}
