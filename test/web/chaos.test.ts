// Web, engine and broker are killed outright, at random, singly and together, while containers of all kinds and learners' terminals write numbered
// lines and people go on working: no line is lost or shown twice, no exit code is missing, no state is wrong, nothing is left in the kernel. Short here;
// SLIPWAY_CHAOS_SECONDS=300 SLIPWAY_CHAOS_CONTAINERS=100 is the long form. SLIPWAY_CHAOS_SEED repeats a run's kills.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findCgroups } from '../../runtime/broker/cgroup.ts';
import { runHelper } from '../../runtime/container/helper.ts';
import { brokerVerbs } from '../../runtime/kernel/protocol.ts';
import type { EngineEvent } from '../../runtime/lab/control.ts';
import { brokerSocket, instance } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { adoptTestLab, eventually, type TestLab } from '../engine/lab.ts';
import { crash } from '../run-instance.ts';
import { kinds, lifeOf, type Kind, type Subject } from './chaos/kinds.ts';
import { everythingIsLive, faultIn, openTab, type Tab } from './chaos/tab.ts';

const seconds = Number(process.env.SLIPWAY_CHAOS_SECONDS ?? 15);
const count = Number(process.env.SLIPWAY_CHAOS_CONTAINERS ?? kinds.length);
const PER_LAB = 20;
const TERMINALS_PER_LAB = 4;
const seed = Number(process.env.SLIPWAY_CHAOS_SEED ?? Date.now() % 1_000_000);
const random = randomFrom(seed);
/** A hundred writers take a machine of two processors to its limit, and that is not what is looked for. */
const intervalMs = Math.max(50, count * 3);
const pace = { intervalMs, lines: Math.ceil((seconds * 1000) / intervalMs / 2) };
const wanted = Array.from({ length: pace.lines }, (_, n) => `line ${n}`);
const labsNeeded = Math.max(count > PER_LAB ? 0 : 2, Math.ceil(count / PER_LAB));
/** From the supervisor's point of view a process is healthy after a second. */
const BETWEEN_KILLS_MS = 1_050;

interface Learner { tab: Tab; lab: TestLab }
const learners: Learner[] = [];
beforeAll(async () => {
  for (let n = 0; n < labsNeeded; n++) {
    const tab = await openTab();
    const lab = await adoptTestLab(tab.state.lab!.id);
    learners.push({ tab, lab });
    await lab.ok('network create chaos');
    await lab.ok('run -d --name server --network chaos busybox sleep 100000');
  }
}, 120_000);
afterAll(async () => {
  for (const { tab, lab } of learners) {
    tab.leave();
    await lab.dispose();
  }
});

test(`nothing is lost while web, engine and broker die again and again (seed ${seed})`, { timeout: seconds * 10_000 + count * 2_000 + 120_000 }, async () => {
  const subjects = await Promise.all(learners.map((_, n) => start(n)));
  const all = subjects.flat();
  for (const { tab } of learners) await tab.writeInto(TERMINALS_PER_LAB, wanted, intervalMs);

  const until = Date.now() + seconds * 1000;
  const busy = [...learners.map(({ lab }) => keepWorking(lab, until)), keepReading(all.find(({ kind }) => kind.kind === 'plain')!.subject, until)];
  const meanwhile = all.map(async ({ kind, subject }) => {
    await delay(random() * seconds * 500);
    await kind.meanwhile?.(subject);
  });
  const killed = await keepKilling(until);
  console.log(`killed: ${Object.entries(killed).map(([name, times]) => `${name} ${times} times`).join(', ')}`);
  expect(Math.min(...Object.values(killed)), 'kills of each').toBeGreaterThan(Math.floor(seconds / 30));
  const done = await Promise.all(busy);
  expect(Math.min(...done)).toBeGreaterThan(0);
  await Promise.all(meanwhile);

  await Promise.all(all.map(({ kind, subject }) => kind.finish?.(subject)));
  for (const { kind, subject } of all) await kind.judge(subject);
  await Promise.all(learners.map(async ({ tab, lab }, n) => {
    await eventually(() => tab.pictures(), () => tab.shown().length === TERMINALS_PER_LAB && tab.shown().every(lines => lines.at(-1) === wanted.at(-1)), 'the last line in each terminal');
    for (const lines of tab.shown()) {
      expect(faultIn(lines, undefined)).toBeUndefined();
      expect(lines.length).toBeGreaterThanOrEqual(Math.min(wanted.length, 900)); // as far as is scrolled back
    }
    expect(tab.complaints).toEqual([]);
    expect(tab.reattached).toBeGreaterThan(0);
    await everythingIsLive(tab); // the last kill may have been a moment ago, and the supervisor bides its time
    await judgeEvents(lab, subjects[n]!);
    await clearAway(lab);
  }));
});

/** A share of all containers, of every kind in turn. */
async function start(labNumber: number): Promise<{ kind: Kind; subject: Subject }[]> {
  const { lab } = learners[labNumber]!;
  const mine = Array.from({ length: count }, (_, n) => n).filter(n => n % labsNeeded === labNumber);
  const started: { kind: Kind; subject: Subject }[] = [];
  for (const number of mine) {
    const kind = kinds[Math.floor(number / labsNeeded + (labNumber * kinds.length) / labsNeeded) % kinds.length]!;
    const subject: Subject = { lab, number, pace, name: `${kind.kind.replaceAll(' ', '-')}-${number}`, docker: (...args) => patiently(lab, args) };
    await lab.ok(['run', '-d', '--name', subject.name, ...kind.run(subject)]);
    started.push({ kind, subject });
  }
  return started;
}

async function keepKilling(until: number): Promise<Record<string, number>> {
  const killed = { web: 0, engine: 0, broker: 0 };
  type Name = keyof typeof killed;
  const names = Object.keys(killed) as Name[];
  for (let round = 0; Date.now() < until; round++) {
    const chance = random();
    const victims: Name[] = round < names.length ? [names[round]!] : chance < 0.1 ? names : chance < 0.25 ? ['engine', random() < 0.5 ? 'broker' : 'web'] : chance < 0.6 ? ['engine'] : chance < 0.8 ? ['web'] : ['broker'];
    await Promise.all(victims.map(async name => {
      await delay(random() * 100 * (victims.length - 1));
      killed[name]++;
      await crash(name);
    }));
    await delay(BETWEEN_KILLS_MS + random() * 700);
    const { lab } = learners[Math.floor(random() * learners.length)]!;
    const running = await patiently(lab, ['ps', '-q']);
    expect(running.code, running.stderr).toBe(0);
  }
  return killed;
}

/** Runs, execs, reads and removes until then, whatever dies under it; what it is told must be right or an honest failure. */
async function keepWorking(lab: TestLab, until: number): Promise<number> {
  let done = 0;
  for (let n = 0; Date.now() < until; n++) {
    const name = `work${n}`;
    const [run] = await Promise.all([
      lab.docker(['run', '--name', name, 'busybox', 'sh', '-c', 'for i in 1 2 3; do echo out $i; usleep 20000; done; exit 5']),
      lab.docker(['exec', 'server', 'echo', 'in there']).then(({ code, stdout }) => { if (code === 0) expect(stdout).toBe('in there\n'); }),
    ]);
    if (run.code === 5) {
      expect(run.stdout).toBe('out 1\nout 2\nout 3\n');
      done++;
    }
    const state = async () => (await patiently(lab, ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).stdout.trim();
    if ((await patiently(lab, ['inspect', name])).code !== 0) continue; // the engine died before it was made
    // Once it ran, it runs to its end, and that is known; else it is as if the start had never been asked for.
    await eventually(state, now => ['exited 5', 'created 0', 'created 128'].includes(now), `an end of ${name}`);
    await patiently(lab, ['rm', '-f', name]);
  }
  return done;
}

/** Follows a log and attaches; each time the engine goes, both end by themselves, with a beginning of what was written. */
async function keepReading({ lab, name }: Subject, until: number): Promise<number> {
  let rounds = 0;
  const patienceMs = seconds * 4_000 + 30_000; // it ends when the engine is killed, or with the container
  for (; Date.now() < until; rounds++) {
    const [followed, attached] = await Promise.all([lab.start(['logs', '-f', name], { stdin: '', patienceMs }).ended, lab.start(['attach', '--no-stdin', '--sig-proxy=false', name], { patienceMs }).ended]);
    const lines = followed.stdout.split('\n').slice(0, -1);
    expect(lines).toEqual(wanted.slice(0, lines.length));
    const seen = attached.stdout.split('\n').slice(0, -1);
    if (seen.length) expect(seen).toEqual(wanted.slice(wanted.indexOf(seen[0]!)).slice(0, seen.length));
    await delay(100);
  }
  return rounds;
}

/** As a person would: once more, when the engine is away just now. */
async function patiently(lab: TestLab, args: readonly string[]) {
  for (const patience = Date.now() + 60_000; ; await delay(50)) {
    const answer = await lab.docker(args);
    if (answer.code === 0 || Date.now() > patience || !/Cannot connect|EOF|connection re|cannot reach|connection to|is the docker daemon running/.test(answer.stderr)) return answer;
  }
}

async function judgeEvents(lab: TestLab, subjects: { kind: Kind; subject: Subject }[]) {
  const { text } = await lab.api('GET', `/v1.45/events?since=1&until=${Math.floor(Date.now() / 1000) + 1}`);
  const events = text.trim().split('\n').map(line => JSON.parse(line) as EngineEvent);
  const times = events.map(event => event.timeNano);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  if (events.length > 1_000) return; // the newest are kept, which in a long run are not all
  for (const { kind, subject } of subjects) if (kind.events) expect(lifeOf(events, subject.name), subject.name).toEqual(kind.events);
}

/** Removes all there is; then nothing of it may be left in the host or its cgroups. */
async function clearAway(lab: TestLab) {
  const all = (await patiently(lab, ['ps', '-aq'])).stdout.trim().split('\n').filter(Boolean);
  expect((await patiently(lab, ['rm', '-f', '-v', ...all])).code).toBe(0);
  expect((await patiently(lab, ['network', 'rm', 'chaos'])).code).toBe(0);
  await eventually(() => cgroupsOf(lab), left => left.length === 0, 'an empty cgroup of containers');
  // A learner's own shell may not list packet rules: the steps of a helper may.
  const look = 'ls /run/docker/netns /run/docker/bundles; ip -br link | grep veth; nft list ruleset | grep ":9[0-9][0-9][0-9]"; mount | grep /merged; ls /var/lib/docker/volumes | grep -v metadata';
  const broker = new RpcClient(brokerSocket, brokerVerbs);
  const { stdout } = await runHelper({ ref: { lab: lab.lab!.id, host: 'h1' }, broker }, { before: [{ do: 'run', argv: ['busybox', 'sh', '-c', `(${look}) >/run/.left 2>/dev/null || true`] }], argv: ['busybox', 'cat', '/run/.left'] });
  broker.close();
  expect(stdout.split('\n').filter(line => line && !line.endsWith(':'))).toEqual([]);
}

const cgroupsOf = ({ lab }: TestLab) => findCgroups().hierarchies.flatMap(h => {
  const dir = join(h.mount, `slipway-${instance}`, lab!.id, 'h1', 'docker');
  return existsSync(dir) ? readdirSync(dir, { withFileTypes: true }).filter(entry => entry.isDirectory()).map(entry => entry.name) : [];
});

/** https://en.wikipedia.org/wiki/Linear_congruential_generator with the constants of Numerical Recipes */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}
