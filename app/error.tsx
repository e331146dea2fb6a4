// A page failed while it was rendered: say so, keep the way back open.
'use client';
import Link from 'next/link';
import { SiteHeader } from './components/site-header.tsx';

export default function PageError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  return (
    <>
      <SiteHeader />
      <main id="main" className="centred">
        <p className="label">Something broke on our side</p>
        <h1>This page could not be shown.</h1>
        <p>Your lab and your progress are not touched. Trying again often helps; if it does not, tell whoever runs this server{error.digest ? <> and name this number: <code>{error.digest}</code></> : ''}.</p>
        <p className="actions"><button type="button" className="button primary" onClick={reset}>Try again</button><Link className="button" href="/">To the front page</Link></p>
      </main>
    </>
  );
}
