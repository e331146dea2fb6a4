// A lesson in the list: the whole card is one link, named by its title.
import Link from 'next/link';
import type { LessonSummary } from '../../server/protocol.ts';
import { ProgressSlip } from './progress-slip.tsx';

export function LessonCard({ lesson, number, done }: { lesson: LessonSummary; number: number; done: number }) {
  const words = done === 0 ? `${lesson.tasks} tasks` : done >= lesson.tasks ? `All ${lesson.tasks} tasks done` : `${done} of ${lesson.tasks} tasks done`;
  return (
    <li className="lesson-card" data-done={lesson.tasks > 0 && done >= lesson.tasks}>
      <span className="lesson-number" aria-hidden>{String(number).padStart(2, '0')}</span>
      <div>
        <h4><Link href={`/lessons/${lesson.slug}`}>{lesson.title}</Link></h4>
        <p>{lesson.summary}</p>
        <p className="lesson-facts">{lesson.minutes} minutes · {lesson.level}</p>
      </div>
      <div className="lesson-card-progress"><ProgressSlip done={done} of={lesson.tasks} /><span>{words}</span></div>
    </li>
  );
}
