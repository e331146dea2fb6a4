// docker events: what is told, since, until, filters, formats.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestLab, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
let since: string;
beforeAll(async () => {
  lab = await createTestLab('events', { pull: ['busybox'] });
  since = String(Date.now() / 1000 - 0.001);
  await lab.ok(['run', '-d', '--name', 'ev', '--label', 'kind=test', 'busybox', 'sh', '-c', 'trap "exit 3" TERM; while :; do sleep 0.05; done']);
  await lab.ok('exec ev true');
  await lab.ok('pause ev');
  await lab.ok('unpause ev');
  await lab.ok('rename ev ev2');
  await eventually(async () => { await lab.ok('kill -s TERM ev2').catch(() => {}); return lab.ok(['inspect', '-f', '{{.State.Status}}', 'ev2']); }, state => state === 'exited', 'the end');
  await lab.ok('rm ev2');
});
afterAll(() => lab?.dispose());

const now = () => String(Date.now() / 1000 + 0.001);
const past = async (...filters: string[]) => lab.ok(['events', '--since', since, '--until', now(), '--format', '{{.Type}} {{.Action}}', '--filter', 'label=kind=test', ...filters]);

test('a container\'s life is told in Docker\'s order and words', async () => {
  const lines = (await past()).split('\n').filter((line, at, all) => line !== all[at - 1]);
  expect(lines).toEqual([
    'container create', 'container start', 'container exec_create: true', 'container exec_start: true', 'container exec_die', 'container pause', 'container unpause',
    'container rename', 'container kill', 'container die', 'container destroy',
  ].map(line => expect.stringMatching(new RegExp(`^${line} ?$`))));
});

test.each([
  [['event=die'], 'container die'], [['event=pause', 'event=unpause'], 'container pause\ncontainer unpause'], [['type=container', 'event=exec_create'], 'container exec_create: true'],
  [['container=ev2', 'event=die'], 'container die'], [['type=network'], ''], [['image=nothing'], ''],
])('the filters %j', async (filters, expected) => {
  expect(await past(...filters.flatMap(f => ['--filter', f]))).toBe(expected);
});

test('attributes say what belongs to the event', async () => {
  const lines = (await lab.ok(['events', '--since', since, '--until', now(), '--filter', 'event=die', '--filter', 'label=kind=test', '--format', '{{json .}}'])).split('\n');
  expect(JSON.parse(lines[0]!)).toMatchObject({
    status: 'die', from: 'busybox', Type: 'container', Action: 'die', scope: 'local',
    Actor: { Attributes: { exitCode: '3', execDuration: expect.any(String), image: 'busybox', name: 'ev2', kind: 'test' } },
  });
});

test('the plain form has the time, the action and the attributes', async () => {
  expect(await lab.ok(['events', '--since', since, '--until', now(), '--filter', 'event=rename', '--filter', 'label=kind=test']))
    .toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\S+ container rename [0-9a-f]{64} \(image=busybox, kind=test, name=ev2, oldName=\/ev(, .*)?\)$/);
});

test('what happens while the client listens is told at once, until it leaves', async () => {
  const listener = lab.start(['events', '--filter', 'type=volume', '--format', '{{.Action}} {{.Actor.ID}}']);
  await eventually(async () => {
    await lab.ok('volume create evvol');
    await lab.ok('volume rm evvol');
    return listener.output.stdout;
  }, out => out.includes('create evvol\ndestroy evvol\n'), 'the events');
  listener.kill();
  await listener.ended;
});

test('since the beginning, and for the last hour: all that is kept, as with dockerd', async () => {
  const told = async (...args: string[]) => (await lab.ok(['events', ...args, '--filter', 'label=kind=test', '--filter', 'event=create', '--filter', 'event=destroy', '--format', '{{.Action}}'])).split('\n');
  for (const args of [['--since', '0', '--until', now()], ['--since', '1h', '--until', now()], ['--until', now()], ['--since', '0', '--until', '0']]) expect(await told(...args), args.join(' ')).toEqual(['create', 'destroy']);
  expect((await lab.docker(['events', '--since', '5', '--until', '0'])).stderr).toBe('Error response from daemon: `since` time (5) cannot be after `until` time (0)\n');
});

test('until a time to come ends by itself', async () => {
  expect((await lab.docker(['events', '--since', since, '--until', String(Date.now() / 1000 + 0.5), '--filter', 'event=destroy', '--filter', 'label=kind=test', '--format', '{{.Action}}'])).stdout).toBe('destroy\n');
});

test('images that are saved and loaded are told, with their labels', async () => {
  const from = String(Date.now() / 1000 - 0.001);
  await lab.ok(['build', '-q', '-t', 'told:1', '-'], { stdin: 'FROM busybox\nLABEL colour=red\n', env: { DOCKER_BUILDKIT: '0' } });
  const dir = mkdtempSync(join(tmpdir(), 'slipway-told-'));
  await lab.ok(['save', '-o', join(dir, 'told.tar'), 'told:1']);
  await lab.ok('rmi told:1');
  await lab.ok(['load', '-i', join(dir, 'told.tar')]);
  rmSync(dir, { recursive: true });
  const told = await lab.ok(['events', '--since', from, '--until', now(), '--filter', 'type=image', '--format', '{{.Action}} {{.Actor.Attributes.colour}}']);
  expect(told.split('\n').slice(-4)).toEqual(['save red', 'untag red', 'delete <no value>', 'load red']);
});
