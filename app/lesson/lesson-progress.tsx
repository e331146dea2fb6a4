// Progress of the lesson in the workspace's bar: the slip and the count.
'use client';
import { ProgressSlip } from '../components/progress-slip.tsx';
import { useTexts } from '../language/texts-context.tsx';
import type { LessonTask } from '../../server/site.ts';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { countDone } from './next-task.ts';

export function LessonProgress({ tasks }: { tasks: LessonTask[] }) {
  const t = useTexts();
  const done = useWorkspace((s) => countDone(tasks, s.tasks));
  return (
    <div className="lesson-progress">
      <ProgressSlip done={done} of={tasks.length} width={150} />
      <p role="progressbar" aria-label={t('progress.label')} aria-valuemin={0} aria-valuemax={tasks.length} aria-valuenow={done} aria-valuetext={t('progress.value', { done, of: tasks.length })}>{t.parts('progress.short', { done: <strong key="done">{done}</strong>, of: tasks.length })}</p>
    </div>
  );
}
