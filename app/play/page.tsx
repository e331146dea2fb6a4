// A lab without a lesson: terminals over the whole width, and a cheat sheet that opens beside them.
import type { Metadata } from 'next';
import { SiteHeader } from '../components/site-header.tsx';
import { getTexts } from '../language/texts.ts';
import '../styles/lesson.css';
import '../styles/workspace.css';
import { PlayWorkspace } from './play-workspace.tsx';

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTexts();
  return { title: t('play.title'), description: t('play.description') };
}

export default async function PlayRoute() {
  const t = await getTexts();
  return (
    <div className="workspace-page">
      <SiteHeader><h1 className="lesson-name">{t('play.heading')}</h1></SiteHeader>
      <main id="main" className="workspace-main"><PlayWorkspace /></main>
    </div>
  );
}
