// What a client sees when the engine is killed under it, and right afterwards. Expectations are what the stock client said when a dockerd was killed with
// SIGKILL under the same commands.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EngineEvent } from '../../runtime/lab/control.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { brokerVerbs } from '../../runtime/kernel/protocol.ts';
import { brokerSocket } from '../../runtime/paths.ts';
import { taskOf } from '../../runtime/container/paths.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('engine-dies', { pull: ['busybox'] }); });
afterAll(() => lab.dispose());

const counter = 'i=0; while :; do echo $i; i=$((i+1)); usleep 50000; done';
const numbers = (text: string) => text.split(/\r?\n/).slice(0, -1).map(Number);
const inARow = (found: number[]) => expect(found).toEqual(found.map((_, n) => found[0]! + n));
const state = (name: string) => lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]);
const engineIsBack = () => eventually(() => lab.docker(['version']), ({ code }) => code === 0, 'the engine');

test.skipIf(dockerd)('attach, exec, logs -f, events, wait and run end at once, each in its own words, and work again', async () => {
  await lab.ok(['run', '-d', '--name', 'writes', 'busybox', 'sh', '-c', counter]);
  const clients = {
    attach: lab.start(['attach', '--no-stdin', 'writes']),
    exec: lab.start(['exec', 'writes', 'sh', '-c', counter]),
    logs: lab.start(['logs', '-f', 'writes']),
    events: lab.start(['events']),
    wait: lab.start(['wait', 'writes']),
    run: lab.start(['run', '--name', 'runs', 'busybox', 'sh', '-c', counter]),
  };
  const tty = lab.terminal(['exec', '-it', 'writes', 'sh', '-c', counter]);
  for (const client of [clients.attach, clients.exec, clients.logs, clients.run]) await eventually(() => client.output.stdout, out => numbers(out).length > 3, 'some lines');
  await tty.shows('5');
  await crash('engine');

  const ends = Object.fromEntries(await Promise.all(Object.entries(clients).map(async ([name, { ended }]) => {
    const { code, stderr } = await ended;
    return [name, { code, stderr: stderr.replace(/^time="[^"]*" /, '').trim() }];
  })));
  expect(ends).toEqual({
    attach: { code: 1, stderr: 'unexpected EOF' },
    exec: { code: 255, stderr: '' },
    logs: { code: 1, stderr: 'unexpected EOF' },
    events: { code: 1, stderr: 'unexpected EOF' },
    wait: { code: 1, stderr: 'unexpected EOF' },
    run: { code: 125, stderr: 'level=error msg="error waiting for container: unexpected EOF"' },
  });
  expect(await tty.ended).toBe(255);
  for (const client of [clients.attach, clients.exec, clients.logs, clients.run]) inARow(numbers(client.output.stdout));

  expect(await state('writes')).toBe('running 0');
  expect(await state('runs')).toBe('running 0'); // dockerd forgets its own containers only when it was told so; so do we
  const again = { attach: lab.start(['attach', '--no-stdin', 'writes']), logs: lab.start(['logs', '-f', 'writes']), wait: lab.start(['wait', 'writes']), events: lab.start(['events', '--format', '{{.Action}}']) };
  for (const client of [again.attach, again.logs]) await eventually(() => client.output.stdout, out => numbers(out).length > 3, 'some lines');
  expect(await lab.ok('exec writes echo inside')).toBe('inside');
  await lab.ok('kill writes');
  expect((await again.wait.ended).stdout).toBe('137\n');
  for (const client of [again.attach, again.logs]) {
    const { code, stdout } = await client.ended;
    expect(code).toBe(client === again.attach ? 137 : 0);
    inARow(numbers(stdout));
  }
  expect(numbers((await again.logs.ended).stdout)[0]).toBe(0);
  await eventually(() => again.events.output.stdout, out => /kill\n(disconnect\n)?die\n/.test(out), 'its end among the events');
  again.events.kill();
  await lab.ok('rm -f writes runs');
});

test.skipIf(dockerd)('what ended while there was no engine: exit codes, --rm, restart policies, the time of the end', async () => {
  const go = (name: string, code: number) => ['sh', '-c', `until [ -e /go/${name} ]; do usleep 20000; done; echo done; exit ${code}`];
  const run = (name: string, code: number, ...args: string[]) => lab.ok(['run', '-d', '--name', name, '-v', 'go:/go', ...args, 'busybox', ...go(name, code)]);
  await run('plain', 7);
  await run('gone', 8, '--rm', '-v', '/anonymous');
  await run('again', 9, '--restart', 'on-failure:2');
  await run('done', 0, '--restart', 'on-failure');
  const volumes = await lab.ok('volume ls -q');
  const { id } = lab.lab!;
  const task = await lab.engine.call('exec', { lab: id, host: 'h1', argv: ['/bin/sh', '-c', 'sleep 0.3; cd /var/lib/docker/volumes/go/_data && touch plain gone again done'] });
  const began = Date.now();
  const { ShimConnection } = await import('../../runtime/kernel/shim.ts');
  const shim = await ShimConnection.open(task.socketPath);
  const touched = new Promise(resolve => shim.once('end', resolve));
  shim.go();
  // The engine is not let up before all have ended.
  const holding = holdDown(touched);
  await touched;
  await holding;
  await engineIsBack();

  await eventually(() => state('plain'), now => now === 'exited 7', 'the exit code');
  const finished = Date.parse(await lab.ok(['inspect', '-f', '{{.State.FinishedAt}}', 'plain']));
  expect(finished).toBeGreaterThan(began);
  expect(finished).toBeLessThan(Date.now());
  expect(await lab.ok('logs plain')).toBe('done');
  await eventually(() => lab.ok('ps -aq --filter name=^gone$'), ids => ids === '', 'that it is gone');
  expect((await lab.ok('volume ls -q')).split('\n').sort()).toEqual(volumes.split('\n').filter(name => !/^[0-9a-f]{64}$/.test(name)).sort());
  await eventually(() => lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}', 'again']), now => now === 'exited 9 2', 'both of its restarts');
  expect(await lab.ok('logs again')).toBe('done\ndone\ndone');
  expect(await lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}', 'done'])).toBe('exited 0 0');

  const { text } = await lab.api('GET', '/v1.45/events?since=0&until=0');
  const lives = text.trim().split('\n').map(line => JSON.parse(line) as EngineEvent).filter(event => event.Type === 'container' && ['create', 'start', 'die', 'destroy'].includes(event.Action));
  const life = (name: string) => lives.filter(event => event.Actor.Attributes.name === name).map(event => event.Action + (event.Action === 'die' ? ` ${event.Actor.Attributes.exitCode}` : ''));
  expect(life('plain')).toEqual(['create', 'start', 'die 7']);
  expect(life('gone')).toEqual(['create', 'start', 'die 8', 'destroy']);
  expect(life('again')).toEqual(['create', 'start', 'die 9', 'start', 'die 9', 'start', 'die 9']);
  await lab.ok('rm -f plain again done');
});

/** Kills every engine that comes up, until then. */
async function holdDown(until: Promise<unknown>) {
  let over = false;
  void until.then(() => { over = true; });
  // oxlint-disable-next-line no-unmodified-loop-condition -- in a listener
  do await crash('engine'); while (!over);
}

test.skipIf(dockerd)('a stop that the engine did not live to finish is a stop all the same: no policy starts it again', async () => {
  await lab.ok(['run', '-d', '--name', 'stubborn', '--restart', 'always', 'busybox', 'sh', '-c', 'trap "sleep 2; echo stopped; exit 6" TERM; while :; do usleep 20000; done']);
  const stopping = lab.start(['stop', '-t', '20', 'stubborn']);
  await eventually(() => lab.ok(['events', '--since', '0', '--until', '0', '--filter', 'container=stubborn', '--filter', 'event=kill', '--format', '{{.Action}}']), out => out === 'kill', 'its signal');
  await crash('engine');
  expect(await stopping.ended).toMatchObject({ code: 1 });
  await eventually(() => state('stubborn'), now => now === 'exited 6', 'its end');
  expect(await lab.ok(['inspect', '-f', '{{.RestartCount}}', 'stubborn'])).toBe('0');
  expect(await lab.ok('logs stubborn')).toBe('stopped');
  await lab.ok('rm stubborn');
});

test.skipIf(dockerd)('a shim that was killed costs its container the stdio, and is never taken for success', async () => {
  await lab.ok(['run', '-d', '--name', 'robbed', '-p', '8085:80', 'busybox', 'sh', '-c', counter]);
  const id = await lab.ok(['inspect', '-f', '{{.Id}}', 'robbed']);
  const followed = lab.start(['logs', '-f', 'robbed']);
  const attached = lab.start(['attach', '--no-stdin', 'robbed']);
  const waited = lab.start(['wait', 'robbed']);
  await eventually(() => followed.output.stdout, out => numbers(out).length > 3, 'some lines');
  const broker = new RpcClient(brokerSocket, brokerVerbs);
  await broker.call('killTask', { lab: lab.lab!.id, host: 'h1', task: taskOf(id) });
  broker.close();

  expect((await waited.ended).stdout).toBe('137\n');
  expect((await attached.ended).code).not.toBe(0);
  inARow(numbers((await followed.ended).stdout));
  expect(await state('robbed')).toBe('exited 137');
  expect(await lab.ok(['inspect', '-f', '{{.State.Error}}', 'robbed'])).toMatch(/\S/);
  expect(await lab.ok('ps -a --filter name=robbed --format {{.Status}}')).toMatch(/^Exited \(137\)/);
  expect(await lab.ok('logs --tail 1 robbed')).toMatch(/^\d+$/);
  await lab.ok('start robbed'); // its port, its name and its network are free again
  await lab.ok('rm -f robbed');
});
