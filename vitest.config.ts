// Three projects: `unit` is what needs neither root nor an instance and runs in parallel; `system` drives real labs of one instance of its own and
// runs one file after the other; `web` is the browser, likewise.
import { defineConfig } from 'vitest/config';
import { testEnv } from './test/place.ts';

const alone = { fileParallelism: false, maxWorkers: 1, testTimeout: 60_000, hookTimeout: 120_000, maxConcurrency: 2000, env: testEnv, globalSetup: ['test/instance.ts'] };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{app,server,runtime,lessons,texts,prisma,setup,bench}/**/*.test.{ts,tsx,mjs}', 'test/*.test.ts'], exclude: ['**/node_modules/**'] } },
      { test: { name: 'system', include: ['test/{kernel,security,engine,lessons}/**/*.test.ts'], ...alone } },
      { test: { name: 'web', include: ['test/web/**/*.test.ts'], ...alone, maxConcurrency: 2, testTimeout: 180_000 } },
    ],
  },
});
