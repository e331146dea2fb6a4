// Health checks: states, log, events, what ps shows. Expectations recorded from dockerd 26.1.5.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestLab, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('health', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

const health = (name: string) => lab.ok(['inspect', '--format', '{{.State.Health.Status}}', name]);
const since = () => `${Date.now() / 1000 - 60}`;

test('it starts, becomes healthy, and unhealthy when the check fails often enough', async () => {
  await lab.ok(['run', '-d', '--name', 'hc', '--health-cmd', 'echo looked; test -e /tmp/ok', '--health-interval', '200ms', '--health-retries', '2', '--health-start-period', '20s', '--health-start-interval', '200ms', 'busybox', 'sleep', '1000']);
  expect(await health('hc')).toBe('starting');
  expect(await lab.ok(['ps', '--filter', 'name=hc', '--format', '{{.Status}}'])).toMatch(/^Up .* \(health: starting\)$/);
  await lab.ok('exec hc touch /tmp/ok');
  await eventually(() => health('hc'), status => status === 'healthy', 'health');
  expect(await lab.ok(['ps', '--filter', 'health=healthy', '--format', '{{.Names}} {{.Status}}'])).toMatch(/^hc Up .* \(healthy\)$/);
  await lab.ok('exec hc rm /tmp/ok');
  await eventually(() => health('hc'), status => status === 'unhealthy', 'unhealthiness');
  const [{ State: { Health } }] = JSON.parse(await lab.ok('inspect hc')) as [{ State: { Health: { FailingStreak: number; Log: { ExitCode: number; Output: string }[] } } }];
  expect(Health.FailingStreak).toBeGreaterThanOrEqual(2);
  expect(Health.Log.length).toBeLessThanOrEqual(5);
  expect(Health.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: 'looked\n' });
  const told = await lab.ok(['events', '--since', since(), '--until', `${Date.now() / 1000}`, '--filter', 'container=hc', '--filter', 'event=health_status', '--format', '{{.Action}}']);
  expect(told.split('\n')).toEqual(['health_status: healthy', 'health_status: unhealthy']);
  await lab.ok('rm -f hc');
});

test('a check that takes too long has failed', async () => {
  await lab.ok(['run', '-d', '--name', 'slow', '--health-cmd', 'sleep 100', '--health-interval', '100ms', '--health-timeout', '300ms', '--health-retries', '1', 'busybox', 'sleep', '1000']);
  await eventually(() => health('slow'), status => status === 'unhealthy', 'unhealthiness');
  expect(await lab.ok(['inspect', '--format', '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}', 'slow'])).toMatch(/^-1 Health check exceeded timeout \(300ms\)/);
  await lab.ok('rm -f slow');
});

test('--no-healthcheck and none have no health', async () => {
  await lab.ok('run -d --name plain --no-healthcheck busybox sleep 1000');
  expect(await lab.ok(['inspect', '--format', '{{json .State.Health}}', 'plain'])).toBe('null');
  await lab.ok('rm -f plain');
});
