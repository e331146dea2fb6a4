// A lesson's level in words.
import type { LessonSummary } from '../../server/protocol.ts';
import type { Translate } from '../../texts/message.ts';
import type { SiteTexts } from '../../texts/site.ts';

export function levelIn(t: Translate<SiteTexts>, level: LessonSummary['level']): string {
  switch (level) {
    case 'beginner': return t('level.beginner');
    case 'intermediate': return t('level.intermediate');
    case 'advanced': return t('level.advanced');
  }
}
