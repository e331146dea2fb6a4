// On the front page: labs that are about to be removed for want of use, since who does not look at "Your labs" would otherwise never know.
import { headers } from 'next/headers';
import Link from 'next/link';
import { site } from '../../server/site.ts';
import { LocalDate } from '../components/local-date.tsx';
import { getTexts } from '../language/texts.ts';

export async function SoonRemoved() {
  const t = await getTexts();
  const soon = await headers().then((asked) => site().soonRemoved(asked.get('cookie'), t.language));
  if (soon.length === 0) return null;
  return (
    <ul className="front-soon" data-testid="soon-removed">
      {soon.map((lab) => <li key={lab.workspace}>{t.parts('labs.soon', { title: lab.title ?? t('labs.play'), date: <LocalDate key="date" iso={lab.removesAt} withTime /> })} <Link href="/labs">{t('labs.nav')}</Link></li>)}
    </ul>
  );
}
