// A lab without a lesson: terminals over the whole width, and a cheat sheet that opens beside them.
import type { Metadata } from 'next';
import { SiteHeader } from '../components/site-header.tsx';
import '../styles/lesson.css';
import '../styles/workspace.css';
import { PlayWorkspace } from './play-workspace.tsx';

export const metadata: Metadata = { title: 'A lab', description: 'A Linux host of your own with the docker command, without a lesson.' };

export default function PlayRoute() {
  return (
    <div className="workspace-page">
      <SiteHeader><h1 className="lesson-name">A lab of your own</h1></SiteHeader>
      <main id="main" className="workspace-main"><PlayWorkspace /></main>
    </div>
  );
}
