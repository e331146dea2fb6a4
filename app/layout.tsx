// The frame of every page: language, theme before the first paint, skip link. The theme script is a static file so that no inline script of ours needs an
// exception in the content security policy.
import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import './styles/base.css';

export const metadata: Metadata = {
  title: { default: 'Slipway: learn containers on a real Linux host', template: '%s · Slipway' },
  description: 'A real Linux host of your own in the browser, the stock docker command, and tasks that tick themselves. No account.',
  applicationName: 'Slipway',
};

export const viewport: Viewport = {
  width: 'device-width', initialScale: 1,
  // With the on-screen keyboard up, the terminal and its helper keys take what is left instead of lying beneath it.
  interactiveWidget: 'resizes-content',
  themeColor: [{ media: '(prefers-color-scheme: light)', color: '#f5f2ea' }, { media: '(prefers-color-scheme: dark)', color: '#0f161c' }],
};

/** Pages carry the learner's own progress and a nonce per answer, so none is rendered ahead of time. */
export const dynamic = 'force-dynamic';

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en-GB" suppressHydrationWarning>
      <head><script src="/theme.js" /></head>
      <body>
        <a className="skip" href="#main">Skip to the content</a>
        {children}
      </body>
    </html>
  );
}
