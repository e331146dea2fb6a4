// Says aloud, and shows beside the terminal for some seconds, that a task was ticked and which one is next.
'use client';
import { Check } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { goToTask, nextTask } from './next-task.ts';

const SHOWN_MS = 9000;

export function TaskAnnouncer({ tasks, showText }: { tasks: LessonTask[]; showText(): void }) {
  const lastDone = useWorkspace((s) => s.lastDone);
  const states = useWorkspace((s) => s.tasks);
  const [dismissed, setDismissed] = useState(0);
  useEffect(() => {
    if (!lastDone) return;
    const timer = setTimeout(() => setDismissed(lastDone.count), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [lastDone]);
  const task = tasks.find((t) => t.id === lastDone?.id);
  const next = nextTask(tasks, states);
  return (
    <div className="ticked-region" role="status">
      {lastDone && task && lastDone.count > dismissed && (
        <div className="ticked" key={lastDone.count} data-testid="ticked">
          <span className="ticked-mark" aria-hidden><Check size={18} strokeWidth={3} /></span>
          <p><strong>Task done: {task.title}</strong><br />{next ? <>Next: <button type="button" className="link" onClick={() => { showText(); goToTask(next.id); }}>{next.title}</button></> : 'That was the last one. All tasks are done: she floats.'}</p>
        </div>
      )}
    </div>
  );
}
