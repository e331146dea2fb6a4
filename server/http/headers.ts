// Headers on every page. Scripts run only from our own files or with the page's nonce; Next finds the nonce in the request's
// Content-Security-Policy header and puts it on what it inlines (https://nextjs.org/docs/app/guides/content-security-policy),
// which is why pages are rendered per request. Own inline scripts read it from the request header x-nonce.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export function secureHeaders(request: IncomingMessage, response: ServerResponse, options: { dev: boolean; https: boolean; frames: string | undefined }) {
  const nonce = randomBytes(16).toString('base64');
  const csp = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}'${options.dev ? " 'unsafe-eval'" : ''}`, // React's development build evaluates source maps
    "style-src 'self' 'unsafe-inline'", // xterm.js places its cells by style attributes
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    `frame-src ${options.frames ?? "'none'"}`, // labs' pages in panes
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
  request.headers['content-security-policy'] = csp;
  request.headers['x-nonce'] = nonce;
  response.setHeader('Content-Security-Policy', csp);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('X-Frame-Options', 'DENY');
  response.setHeader('Referrer-Policy', 'same-origin');
  response.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=()');
  if (options.https) response.setHeader('Cross-Origin-Opener-Policy', 'same-origin'); // browsers complain about it on plain HTTP
}
