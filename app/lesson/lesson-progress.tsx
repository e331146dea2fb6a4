// Progress of the lesson in the workspace's bar: the slip, the count, and the way to the next task.
'use client';
import { ProgressSlip } from '../components/progress-slip.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { countDone, goToTask, nextTask } from './next-task.ts';

export function LessonProgress({ tasks, showText }: { tasks: LessonTask[]; showText(): void }) {
  const states = useWorkspace((s) => s.tasks);
  const done = countDone(tasks, states);
  const next = nextTask(tasks, states);
  return (
    <div className="lesson-progress">
      <ProgressSlip done={done} of={tasks.length} width={150} />
      <p role="progressbar" aria-label="Tasks done" aria-valuemin={0} aria-valuemax={tasks.length} aria-valuenow={done} aria-valuetext={`${done} of ${tasks.length} tasks done`}><strong>{done}</strong> of {tasks.length} tasks</p>
      {next && <button type="button" className="link next-task" onClick={() => { showText(); goToTask(next.id); }}>Next: {next.title}</button>}
    </div>
  );
}
