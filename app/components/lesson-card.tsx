// A lesson in the list: the whole card is one link, named by its title.
import Link from 'next/link';
import type { LessonSummary } from '../../server/protocol.ts';
import { LANGUAGES } from '../../texts/language.ts';
import { levelIn } from '../language/level.ts';
import { getTexts } from '../language/texts.ts';
import { ProgressSlip } from './progress-slip.tsx';

export async function LessonCard({ lesson, number, done }: { lesson: LessonSummary; number: number; done: number }) {
  const t = await getTexts();
  const count = lesson.tasks;
  const words = done === 0 ? t('card.tasks', { count }) : done >= count ? t('card.allDone', { count }) : t('card.someDone', { done, of: count });
  const facts = t('card.facts', { minutes: lesson.minutes, level: levelIn(t, lesson.level) });
  return (
    <li className="lesson-card" data-done={lesson.tasks > 0 && done >= lesson.tasks}>
      <span className="lesson-number" aria-hidden>{String(number).padStart(2, '0')}</span>
      <div>
        <h4 lang={LANGUAGES[lesson.language].tag}><Link href={`/lessons/${lesson.slug}`}>{lesson.title}</Link></h4>
        <p lang={LANGUAGES[lesson.language].tag}>{lesson.summary}</p>
        <p className="lesson-facts">{lesson.language === t.language ? facts : t('card.otherLanguage', { facts })}</p>
      </div>
      <div className="lesson-card-progress"><ProgressSlip done={done} of={lesson.tasks} /><span>{words}</span></div>
    </li>
  );
}
