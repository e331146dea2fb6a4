// The line at the top of every page, also of one that failed in the browser. `children` stands between the name and the links: a lesson's title, for example.
'use client';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { LanguageSwitch } from '../language/language-switch.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { Logo } from './logo.tsx';
import { ThemeToggle } from './theme-toggle.tsx';

export function SiteHeader({ children }: { children?: ReactNode }) {
  const t = useTexts();
  return (
    <header className="site-header">
      <Link className="brand" href="/"><Logo />Slipway</Link>
      {children}
      <nav aria-label={t('header.nav')}><Link href="/#lessons">{t('header.lessons')}</Link><Link className="nav-more" href="/play">{t('header.lab')}</Link><Link href="/labs">{t('labs.nav')}</Link></nav>
      <LanguageSwitch />
      <ThemeToggle />
    </header>
  );
}
