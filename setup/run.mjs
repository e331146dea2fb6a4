#!/usr/bin/env node
// What `npm start`, `npm test`, `npm run bench`, `npm run test:v2`, `npm run soak` and `npm run build` run. Plain JavaScript for the system's own Node (18.19 or
// later) without dependencies, because it runs before `npm ci`. Reads top to bottom: a command is a list of steps, and a step whose inputs have not
// changed is skipped. Whatever needs TypeScript or a package is a child process under the Node that `npm ci` brings.
import process from 'node:process';
import { buildBundles, buildNative, buildPrisma, buildSite } from './build.mjs';
import { checkMachine } from './machine.mjs';
import { installNodeModules } from './node-modules.mjs';
import { installPackages } from './packages.mjs';
import { SetupError } from './error.mjs';
import { Reporter } from './progress.mjs';
import { runningInstance, startSupervisor } from './start.mjs';
import { runBench, runSoak, runTests, runV2 } from './test.mjs';
import { buildAssets, makeUsers } from './system.mjs';

const build = [installPackages, installNodeModules, buildPrisma, buildNative, buildBundles, buildSite];
const install = [checkMachine, ...build, makeUsers, buildAssets];
const commands = {
  start: [...install, startSupervisor],
  test: [...install, runTests],
  'test:v2': [...install, runV2],
  bench: [...install, runBench],
  soak: [...install, runSoak],
  build,
  /** What has no part in the site: for tests that are run by hand. */
  bundle: [installNodeModules, buildPrisma, buildNative, buildBundles],
};

const command = process.argv[2] ?? 'start';
const steps = Object.hasOwn(commands, command) ? commands[command] : undefined;
if (!steps) {
  console.error(`usage: node setup/run.mjs ${Object.keys(commands).join(' | ')}`);
  process.exit(2);
}

const reporter = new Reporter();
try {
  const running = command === 'start' ? runningInstance() : undefined;
  if (running) {
    console.log(`Slipway is already running at ${running.url} (process ${running.pid}). To stop it: npx slipway stop`);
  } else {
    for (const step of steps) await step({ command, reporter, args: process.argv.slice(3) });
  }
} catch (error) {
  reporter.close();
  if (!(error instanceof SetupError)) throw error;
  if (error.message) console.error(error.message);
  process.exitCode = error.exitCode;
}
