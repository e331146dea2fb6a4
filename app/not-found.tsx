// No such page.
import type { Metadata } from 'next';
import Link from 'next/link';
import { SiteHeader } from './components/site-header.tsx';

export const metadata: Metadata = { title: 'Not here' };

export default function NotFound() {
  return (
    <>
      <SiteHeader />
      <main id="main" className="centred">
        <p className="label">404</p>
        <h1>There is nothing at this address.</h1>
        <p>The lesson may have another name by now. All of them are listed on the front page, and your progress is kept.</p>
        <p className="actions"><Link className="button primary" href="/#lessons">See the lessons</Link><Link className="button" href="/play">Just give me a lab</Link></p>
      </main>
    </>
  );
}
