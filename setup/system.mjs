// What set-up makes on the machine itself, as root: users, uid ranges, and the assets below /var/lib/slipway.
import { asRoot, childEnv, node, run } from './shell.mjs';

export async function makeUsers({ reporter }) {
  const pending = await run([node, 'setup/users.ts', '--check'], { failure: 'The users could not be looked up' });
  if (!pending.trim()) return reporter.skipped('users and uid ranges');
  await reporter.step('make users and reserve uid ranges', () => run(asRoot([node, 'setup/users.ts']), { failure: 'The users could not be made' }));
}

/** The builder has stamps of its own, because what it makes lies outside the checkout and is shared by all instances. */
export async function buildAssets({ command, reporter }) {
  await reporter.step('prepare workstation, toolbox and image library', update => assets([], update));
  if (command === 'test' || command === 'bench') await reporter.step('prepare docker commands for tests', update => assets(['clients'], update));
}

const assets = (names, update) => run(asRoot([node, 'setup/assets/build.ts', ...names]), {
  env: childEnv(),
  failure: 'The workstation, toolbox and image library could not be built',
  onLine: line => {
    const [, step, percent, words] = /^progress (\S+) (\d+) (.*)$/.exec(line) ?? [];
    if (step) update(Number(percent), `${step}: ${words}`);
  },
});
