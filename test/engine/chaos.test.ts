// Engine and broker are killed outright, at random, while containers and terminals write numbered lines and a learner goes on working: no line
// is lost or written twice, no exit code is missing, no state is wrong, nothing is left. Short here; SLIPWAY_CHAOS_SECONDS and SLIPWAY_CHAOS_CONTAINERS
// make it long (300 and 100). SLIPWAY_CHAOS_SEED repeats a run's kills.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import type { EngineEvent } from '../../runtime/lab/control.ts';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { instance } from '../../runtime/paths.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, type TestLab, outputOf } from './lab.ts';

const seconds = Number(process.env.SLIPWAY_CHAOS_SECONDS ?? 15);
const containers = Number(process.env.SLIPWAY_CHAOS_CONTAINERS ?? 8);
const terminals = Math.ceil(containers / 5);
const seed = Number(process.env.SLIPWAY_CHAOS_SEED ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
const LINES = seconds * 10;
/** Some 20 lines a second at first, then as slow as the machine is. */
const writer = (code: number) => `i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); usleep 50000; done; exit ${code}`;
const wanted = Array.from({ length: LINES }, (_, n) => `line ${n}`);

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('chaos', { profile: 'full', pull: ['busybox'] }); });
afterAll(() => lab.dispose());

test.skipIf(dockerd)(`nothing is lost while engine and broker die again and again (seed ${seed})`, { timeout: seconds * 6_000 + 120_000 }, async () => {
  const names = Array.from({ length: containers }, (_, n) => `writer${n}`);
  for (const [n, name] of names.entries()) await lab.ok(['run', '-d', '--name', name, ...(n % 3 === 1 ? ['-t'] : []), ...(n % 4 === 2 ? ['-p', `${9000 + n}:80`] : []), 'busybox', 'sh', '-c', writer(n)]);
  const addresses = await Promise.all(names.map(name => lab.ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', name])));
  const screens = await Promise.all(Array.from({ length: terminals }, openWriter));

  const until = Date.now() + seconds * 1000;
  const learner = keepWorking(until);
  const reader = keepReading(until);
  let kills = 0;
  while (Date.now() < until) {
    await crash(random() < 0.6 ? 'engine' : 'broker');
    kills++;
    await delay(1_050 + random() * 700); // longer than the supervisor wants to call a process healthy
    const running = await patiently(['ps', '-q']);
    expect(running.code, running.stderr).toBe(0);
  }
  expect(kills).toBeGreaterThan(Math.min(3, seconds / 5));
  const done = await learner;
  await reader;

  for (const [n, name] of names.entries()) {
    const { State, NetworkSettings } = JSON.parse((await patiently(['inspect', '-f', '{{json .}}', name])).stdout) as { State: { Status: string; Running: boolean }; NetworkSettings: { IPAddress: string } };
    if (State.Running) expect(NetworkSettings.IPAddress).toBe(addresses[n]);
    expect((await waitFor(name)).stdout.trim(), name).toBe(String(n));
    expect((await patiently(['logs', name])).stdout.trim().split(/\r?\n/), name).toEqual(wanted);
    expect((await patiently(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).stdout.trim()).toBe(`exited ${n}`);
  }
  for (const screen of screens) await eventually(() => screen.lines(), lines => lines.at(-1) === wanted.at(-1), 'the last line in a terminal');
  for (const screen of screens) {
    expect(screen.lines()).toEqual(wanted);
    screen.close();
  }
  const { text } = await lab.api('GET', `/v1.45/events?since=1&until=${Math.floor(Date.now() / 1000) + 1}`);
  const events = text.trim().split('\n').map(line => JSON.parse(line) as EngineEvent);
  const times = events.map(event => event.timeNano);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const name of names) expect(events.filter(e => e.Type === 'container' && e.Actor.Attributes.name === name && ['create', 'start', 'die'].includes(e.Action)).map(e => e.Action), name).toEqual(['create', 'start', 'die']);
  expect(done).toBeGreaterThan(0);

  const all = (await patiently(['ps', '-aq'])).stdout.trim().split('\n').filter(Boolean);
  expect((await patiently(['rm', '-f', ...all])).code).toBe(0);
  await eventually(leftInKernel, left => left.length === 0, 'an empty cgroup of containers');
  const inside = await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/bin/sh', '-c', 'ls /run/docker/netns /run/docker/bundles; ip -br link | grep -c veth; nft list ruleset | grep -c ":9[0-9][0-9][0-9]"; mount | grep -c /merged'] });
  expect((await outputOf(inside.socketPath)).trim().split('\n').filter(line => line && !line.endsWith(':'))).toEqual(['0', '0', '0']);
});

/** Runs, reads, execs and removes until then, whatever dies under it; what it is told must be right or an honest failure. */
async function keepWorking(until: number): Promise<number> {
  let done = 0;
  for (let n = 0; Date.now() < until; n++) {
    const name = `work${n}`;
    const [run] = await Promise.all([
      lab.docker(['run', '--name', name, 'busybox', 'sh', '-c', 'for i in 1 2 3; do echo out $i; usleep 20000; done; exit 5']),
      lab.docker(['exec', 'writer0', 'echo', 'in there']),
    ]);
    if (run.code === 5) {
      expect(run.stdout).toBe('out 1\nout 2\nout 3\n');
      done++;
    }
    const known = await patiently(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name]);
    if (known.code !== 0) continue; // the engine died before it was made
    // Once it ran, it runs to its end, and that is known; else it is as if the start had never been asked for.
    await eventually(async () => (await patiently(['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).stdout.trim(), state => ['exited 5', 'created 0', 'created 128'].includes(state), `an end of ${name}`);
    await patiently(['rm', '-f', name]);
  }
  return done;
}

/** Follows a log and attaches; each time the engine goes, both end by themselves, with a beginning of what was written. */
async function keepReading(until: number) {
  while (Date.now() < until) {
    const [followed, attached] = await Promise.all([lab.start(['logs', '-f', 'writer0'], { stdin: '' }).ended, lab.start(['attach', '--no-stdin', 'writer3']).ended]);
    const lines = followed.stdout.split('\n').slice(0, -1);
    expect(lines).toEqual(wanted.slice(0, lines.length));
    const seen = attached.stdout.split('\n').slice(0, -1);
    expect(seen).toEqual(wanted.slice(wanted.indexOf(seen[0]!)).slice(0, seen.length));
    await delay(100);
  }
}

/** As a person would: once more, when the engine is away just now. */
async function patiently(args: string[]) {
  for (;;) {
    const answer = await lab.docker(args);
    if (answer.code === 0 || !/Cannot connect|EOF|connection re|cannot reach|connection to/.test(answer.stderr)) return answer;
    await delay(50);
  }
}

async function waitFor(name: string) {
  for (;;) {
    const answer = await lab.start(['wait', name]).ended.catch(() => undefined);
    if (answer?.code === 0) return answer;
    await delay(50);
  }
}

async function openWriter() {
  const terminal = await lab.engine.call('openTerminal', { lab: lab.lab!.id, host: 'h1', cols: 80, rows: 24 });
  const shim = await ShimConnection.open(terminal.socketPath);
  let text = '';
  shim.on('output', (_stream, data) => { text += data.toString(); });
  shim.subscribe({ ring: true });
  shim.stdin(Buffer.from(`stty -echo; busybox true 2>/dev/null; i=0; while [ $i -lt ${LINES} ]; do echo line $i; i=$((i+1)); sleep 0.05; done\r`));
  return { lines: () => [...text.matchAll(/^(line \d+)\r?$/gm)].map(match => match[1]!), close: () => shim.close() };
}

const leftInKernel = () => findCgroups().hierarchies.flatMap(h => {
  const dir = join(h.mount, `slipway-${instance}`, lab.lab!.id, 'h1', 'docker');
  return existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name) : [];
});

/** https://en.wikipedia.org/wiki/Linear_congruential_generator with the constants of Numerical Recipes */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
