import { expect, it } from 'vitest';
import { startsAtBoot } from './sleep.ts';

const record = (Name: string, more: Record<string, unknown> = {}) => ({
  hostConfig: { RestartPolicy: { Name, MaximumRetryCount: 0 } }, hasBeenStarted: true, stoppedByUser: false, restartCount: 0,
  state: { status: 'exited', exitCode: 0 }, ...more,
}) as unknown as Parameters<typeof startsAtBoot>[0];

it.each([
  ['always', record('always'), true],
  ['always, stopped by hand', record('always', { stoppedByUser: true }), true],
  ['unless-stopped', record('unless-stopped'), true],
  ['unless-stopped, stopped by hand', record('unless-stopped', { stoppedByUser: true }), false],
  ['on-failure that ended well', record('on-failure'), false],
  ['on-failure that was killed', record('on-failure', { state: { status: 'exited', exitCode: 137 } }), true],
  ['no policy', record('no'), false],
  ['one that never ran', record('always', { hasBeenStarted: false }), false],
])('at boot, as with dockerd: %s', (_what, container, starts) => expect(startsAtBoot(container)).toBe(starts));
