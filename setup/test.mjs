// The last step of `npm test`, `npm run bench`, `npm run soak` and `npm run test:v2`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { SetupError } from './error.mjs';
import { asRoot, childEnv, node, root, run, runAttached } from './shell.mjs';

/** Cheap checks first. The tests make labs, so they run as root. */
export async function runTests({ args }) {
  const summary = { passed: 0, failed: 0, skipped: 0 };
  const check = async (name, argv, env = {}) => {
    console.log(`\n── ${name}`);
    const code = await runAttached(argv, { env: childEnv(env) });
    summary[code === 0 ? 'passed' : 'failed']++;
    return code === 0;
  };
  await check('lint', ['oxlint']);
  // A promise that nobody awaits leaks a mount here. Of the rules that need types it is the only one, since they take as long as all others together.
  await check('promises', ['oxlint', '--type-aware', '-A', 'all', '-D', 'typescript/no-floating-promises']);
  await check('types', ['tsc', '--noEmit']);
  await tests(summary, 'unit', ['vitest', 'run', '--project', 'unit', ...args]);
  await tests(summary, 'system', asRoot([node, 'node_modules/vitest/vitest.mjs', 'run', '--project', 'system', ...args]));
  await tests(summary, 'browser', asRoot([node, 'node_modules/vitest/vitest.mjs', 'run', '--project', 'web', ...args]));
  console.log(`\n${summary.passed} passed, ${summary.failed} failed${summary.skipped ? `, ${summary.skipped} skipped` : ''}`);
  if (summary.failed) throw new SetupError('', 1);
}

/**
 * A vitest run, whose own count of tests goes into the sum. A run that breaks before it can count is one failure. What fails is tried once more, since
 * thousands of real processes on a busy machine now and then outlast a test's patience; what that changed is named at the end.
 */
async function tests(summary, name, argv) {
  console.log(`\n── ${name} tests`);
  const report = join(root, 'test-results', `${name}.json`);
  const code = await runAttached([...argv, '--retry=1', '--reporter=default', '--reporter=./test/second-tries.ts', '--reporter=json', `--outputFile.json=${report}`], { env: childEnv() });
  const counts = readReport(report);
  summary.passed += counts.numPassedTests;
  summary.skipped += counts.numPendingTests + counts.numTodoTests;
  summary.failed += counts.numFailedTests || (code === 0 ? 0 : 1);
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { numPassedTests: 0, numPendingTests: 0, numTodoTests: 0, numFailedTests: 0 };
  }
}

/** Ten thousand labs made and disposed of, or as many as an hour and a half holds. SLIPWAY_SOAK and SLIPWAY_SOAK_MINUTES say otherwise. */
export async function runSoak() {
  const { SLIPWAY_SOAK = '10000', SLIPWAY_SOAK_MINUTES = '90' } = process.env;
  process.exitCode = await runAttached(asRoot([node, 'node_modules/vitest/vitest.mjs', 'run', '--project', 'system', 'test/kernel/leaks.test.ts']), { env: childEnv({ SLIPWAY_SOAK, SLIPWAY_SOAK_MINUTES }) });
}

export async function runBench({ args }) {
  process.exitCode = await runAttached(asRoot([node, 'bench/main.ts', ...args]));
}

/**
 * The smoke test of engine and labs on a pure cgroup v2 kernel. SLIPWAY_V2_RUNNER is a command prefix that runs a command on such a kernel with
 * this machine's files and an empty disk at /data; a machine that is pure v2 itself needs none.
 */
export async function runV2({ reporter }) {
  const runner = (process.env.SLIPWAY_V2_RUNNER ?? '').split(' ').filter(Boolean);
  const pureV2 = spawnSync('stat', ['-fc', '%T', '/sys/fs/cgroup'], { encoding: 'utf8' }).stdout.trim() === 'cgroup2fs';
  if (!runner.length && !pureV2) {
    throw new SetupError("This machine does not use pure cgroup v2, so the smoke test has to run on a kernel that does: set SLIPWAY_V2_RUNNER to a command that runs another command on such a kernel, with this machine's files and an empty disk at /data.");
  }
  await reporter.step('prepare assets for the other kernel', () => run(asRoot([node, 'test/v2/prepare.ts']), { failure: 'The assets could not be prepared' }));
  const disk = runner.length ? '/data' : '/var/tmp/slipway-v2';
  process.exitCode = await runAttached(asRoot([...runner, 'env', `SLIPWAY_STATE=${disk}/state`, `SLIPWAY_ASSETS=${disk}/assets`, node, join(root, 'test', 'v2', 'smoke.ts')]));
}
