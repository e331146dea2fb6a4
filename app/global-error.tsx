// The last resort, when even the frame of the page failed. It brings its own frame and no client-side navigation.
'use client';
import './styles/base.css';

export default function GlobalError({ reset }: { error: Error; reset: () => void }) {
  return (
    <html lang="en-GB">
      <body>
        <main id="main" className="centred">
          <p className="label">Something broke on our side</p>
          <h1>Slipway could not show this page.</h1>
          <p>Your lab and your progress are not touched.</p>
          <p className="actions"><button type="button" className="button primary" onClick={reset}>Try again</button><a className="button" href="/">To the front page</a></p>
        </main>
      </body>
    </html>
  );
}
