// Progress of the lesson in the workspace's bar: the slip and the count.
'use client';
import { ProgressSlip } from '../components/progress-slip.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { countDone } from './next-task.ts';

export function LessonProgress({ tasks }: { tasks: LessonTask[] }) {
  const done = useWorkspace((s) => countDone(tasks, s.tasks));
  return (
    <div className="lesson-progress">
      <ProgressSlip done={done} of={tasks.length} width={150} />
      <p role="progressbar" aria-label="Tasks done" aria-valuemin={0} aria-valuemax={tasks.length} aria-valuenow={done} aria-valuetext={`${done} of ${tasks.length} tasks done`}><strong>{done}</strong> of {tasks.length} tasks</p>
    </div>
  );
}
