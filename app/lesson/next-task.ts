// Which task comes next, and how to bring its card into view.
import type { TaskState } from '../../server/protocol.ts';
import type { LessonTask } from '../../server/site.ts';

export function nextTask(tasks: readonly LessonTask[], states: Readonly<Record<string, TaskState>>): LessonTask | undefined {
  const isDone = (id: string) => states[id]?.state === 'done' || states[id]?.state === 'skipped';
  return tasks.find((t) => !isDone(t.id) && t.needs.every(isDone)) ?? tasks.find((t) => !isDone(t.id));
}

export function countDone(tasks: readonly LessonTask[], states: Readonly<Record<string, TaskState>>): number {
  return tasks.filter((t) => states[t.id]?.state === 'done').length;
}

export function countSkipped(tasks: readonly LessonTask[], states: Readonly<Record<string, TaskState>>): number {
  return tasks.filter((t) => states[t.id]?.state === 'skipped').length;
}

/** After the next paint, so that a view that was just switched to is there to be scrolled. */
export function goToTask(id: string): void {
  requestAnimationFrame(() => {
    const card = document.getElementById(`task-${id}`);
    card?.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth', block: 'center' });
    card?.focus({ preventScroll: true });
  });
}
