// A page failed while it was rendered: say so, keep the way back open.
'use client';
import Link from 'next/link';
import { SiteHeader } from './components/site-header.tsx';
import { rich } from './language/rich.tsx';
import { useTexts } from './language/texts-context.tsx';

export default function PageError({ error, reset }: { error: Error & { digest?: string }; reset: () => void }) {
  const t = useTexts();
  return (
    <>
      <SiteHeader />
      <main id="main" className="centred">
        <p className="label">{t('error.label')}</p>
        <h1>{t('error.heading')}</h1>
        <p>{error.digest ? rich(t.parts('error.textNumber', { number: <code>{error.digest}</code> })) : t('error.text')}</p>
        <p className="actions"><button type="button" className="button primary" onClick={reset}>{t('error.again')}</button><Link className="button" href="/">{t('error.front')}</Link></p>
      </main>
    </>
  );
}
