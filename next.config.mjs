// The site's build. The custom server (server/main.ts) owns the port, the headers and the socket; Next only renders pages.
// JavaScript, because Next would load its compiler, 11 MB, into the web process only to read this.

/** @type {import('next').NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  productionBrowserSourceMaps: false,
  // Type checking is `npm run typecheck` over the whole repository; doing it twice costs a slow machine half a minute.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: import.meta.dirname },
};

export default config;
