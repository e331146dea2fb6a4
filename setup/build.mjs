// Everything that is made inside the checkout: database client, native program, bundles, site. Runs as the person who called, never needs root.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, isStamped, stamp } from './stamp.mjs';
import { node, root, run } from './shell.mjs';

const isTest = path => /\.test\.tsx?$/.test(path);
const isGenerated = path => path.startsWith('prisma/client');

/** Runs `work` unless the inputs are the ones it last succeeded with and the results are still there. */
async function whenChanged(reporter, { name, title, inputs, results, skip = isTest }, work) {
  const hash = hashOf(['package-lock.json', 'setup/build.mjs', ...inputs], { skip });
  if (isStamped(name, hash) && results.every(path => existsSync(join(root, path)))) return reporter.skipped(title);
  await reporter.step(title, work);
  stamp(name, hash);
}

export const buildPrisma = ({ reporter }) =>
  whenChanged(reporter, { name: 'prisma', title: 'generate the database client', inputs: ['prisma'], results: ['prisma/client'], skip: path => isTest(path) || isGenerated(path) },
    () => run([node, 'prisma/generate.ts'], { failure: 'The database client could not be generated' }));

export const buildNative = ({ reporter }) =>
  whenChanged(reporter, { name: 'native', title: 'build the native program', inputs: ['runtime/native'], results: ['dist/slipway-native'] },
    () => run([node, 'runtime/native/build.mjs'], { failure: 'The native program could not be built' }));

/** The processes, each in one file, so that they start in a fraction of a second. npm packages stay outside. */
const bundles = {
  supervisor: 'runtime/supervisor.ts',
  broker: 'runtime/broker/main.ts',
  engine: 'runtime/engine.ts',
  mirror: 'runtime/mirror/main.ts',
  web: 'server/main.ts',
  cli: 'runtime/cli/main.ts',
  backup: 'runtime/backup/main.ts',
  lesson: 'server/authoring/main.ts',
  learner: 'server/operator/main.ts',
};

export const buildBundles = ({ reporter }) =>
  whenChanged(reporter, { name: 'bundles', title: 'bundle engine and server', inputs: ['runtime', 'server', 'lessons', 'texts', 'setup/assets', 'prisma'], results: Object.keys(bundles).map(name => `dist/${name}.js`) },
    async () => {
      const entries = { ...bundles, ...workers() };
      await run([
        'esbuild', ...Object.entries(entries).map(([name, path]) => `${name}=${path}`),
        '--bundle', '--platform=node', '--format=esm', '--packages=external', '--target=node24', '--sourcemap', '--outdir=dist', '--log-level=warning',
      ], { failure: 'Engine and server could not be bundled' });
    });

/** Files named `*.worker.ts` run in threads of their own; beside the bundle that starts them they are `<name>.worker.js`. */
function workers(dirs = ['runtime', 'server']) {
  const found = dirs.flatMap(dir => readdirSync(join(root, dir), { recursive: true }).map(name => join(dir, name))).filter(path => path.endsWith('.worker.ts'));
  return Object.fromEntries(found.map(path => [path.split('/').pop().replace(/\.ts$/, ''), path]));
}

const SITE_INPUTS = ['app', 'server', 'lessons', 'texts', 'prisma', 'public', 'runtime/errors.ts', 'runtime/lab/control.ts', 'runtime/kernel/protocol.ts', 'next.config.mjs', 'postcss.config.mjs', 'tsconfig.json'];

export const buildSite = ({ reporter }) =>
  whenChanged(reporter, { name: 'site', title: 'build the site', inputs: SITE_INPUTS, results: ['.next/BUILD_ID'], skip: path => isTest(path) || isGenerated(path) },
    update => run(['next', 'build'], { failure: 'The site could not be built', onLine: line => line.trim() && update(null, line.trim()) }));

/** The newest change of what was built, for those who want to know whether a running instance is of today. */
export const builtAt = () => Math.max(...Object.keys(bundles).map(name => statSync(join(root, 'dist', `${name}.js`), { throwIfNoEntry: false })?.mtimeMs ?? 0));
