// The line at the top of every page. `children` stands between the name and the links: a lesson's title, for example.
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Logo } from './logo.tsx';
import { ThemeToggle } from './theme-toggle.tsx';

export function SiteHeader({ children }: { children?: ReactNode }) {
  return (
    <header className="site-header">
      <Link className="brand" href="/"><Logo />Slipway</Link>
      {children}
      <nav aria-label="Site"><Link href="/#lessons">Lessons</Link><Link href="/play">Just a lab</Link></nav>
      <ThemeToggle />
    </header>
  );
}
