// The kinds of containers that live through the chaos: how each is started, what must be done with it before it can end, and what must be true of it
// afterwards. Every one writes numbered lines as slowly as `pace` says.
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { EngineEvent } from '../../../runtime/lab/control.ts';
import { eventually, type Output, type TestLab } from '../../engine/lab.ts';

export interface Pace { lines: number; intervalMs: number }

export interface Subject {
  readonly lab: TestLab;
  readonly name: string;
  readonly number: number;
  readonly pace: Pace;
  /** As a person would: once more, when the engine is away just now. */
  readonly docker: (...args: string[]) => Promise<Output>;
}

export interface Kind {
  readonly kind: string;
  /** Arguments of `docker run -d --name … `. */
  run(subject: Subject): string[];
  /** Done to it in the midst of it all. */
  meanwhile?(subject: Subject): Promise<void>;
  /** Done to it when the killing is over, so that it ends. */
  finish?(subject: Subject): Promise<void>;
  /** After its end. */
  judge(subject: Subject): Promise<void>;
  /** Of its events create, start, die and destroy: exactly these, in this order. Null: it depends. */
  events: string[] | null;
}

const numbered = ({ lines }: Pace, word = 'line') => Array.from({ length: lines }, (_, n) => `${word} ${n}`);
const loop = ({ lines, intervalMs }: Pace, body = 'echo line $i') => `i=0; while [ $i -lt ${lines} ]; do ${body}; i=$((i+1)); usleep ${intervalMs * 1000}; done`;
const ONCE = ['create', 'start', 'die'];

const linesOf = (text: string) => text.split(/\r?\n/).slice(0, -1);
const log = async ({ docker, name }: Subject) => docker('logs', name);
const state = async ({ docker, name }: Subject) => (await docker('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}} {{.RestartCount}}', name)).stdout.trim();
/** One that was held up has all its lines still to write. */
async function isNow(subject: Subject, wanted: string) {
  const { lines, intervalMs } = subject.pace;
  for (const patience = Date.now() + 3 * lines * intervalMs; Date.now() < patience && (await state(subject)) !== wanted;) await delay(200);
  await eventually(() => state(subject), now => now === wanted, `${subject.name} is ${wanted}`);
}
const codeOf = ({ number }: Subject) => number % 200;

async function wroteAll(subject: Subject) {
  await isNow(subject, `exited ${codeOf(subject)} 0`);
  expect(linesOf((await log(subject)).stdout), subject.name).toEqual(numbered(subject.pace));
}

const ending = (subject: Subject) => ['sh', '-c', `${loop(subject.pace)}; exit ${codeOf(subject)}`];

export const kinds: Kind[] = [
  { kind: 'plain', run: subject => ['busybox', ...ending(subject)], judge: wroteAll, events: ONCE },
  { kind: 'tty', run: subject => ['-t', 'busybox', ...ending(subject)], judge: wroteAll, events: ONCE },
  { kind: 'published', run: subject => ['-p', `${9000 + subject.number}:80`, 'busybox', ...ending(subject)], judge: wroteAll, events: ONCE },
  {
    kind: 'two streams',
    run: ({ pace, number }) => ['busybox', 'sh', '-c', `${loop(pace, 'echo out $i; echo err $i >&2')}; exit ${number % 200}`],
    async judge(subject) {
      await isNow(subject, `exited ${codeOf(subject)} 0`);
      const { stdout, stderr } = await log(subject);
      expect(linesOf(stdout), subject.name).toEqual(numbered(subject.pace, 'out'));
      expect(linesOf(stderr), subject.name).toEqual(numbered(subject.pace, 'err'));
    },
    events: ONCE,
  },
  {
    kind: 'retried', // the number of its run is in its own file system
    run: ({ pace }) => ['--restart', 'on-failure:3', 'busybox', 'sh', '-c', `n=$(cat /n 2>/dev/null || echo 0); echo $((n+1)) >/n; ${loop({ ...pace, lines: runLines(pace) }, 'echo run $n line $i')}; exit 7`],
    async judge(subject) {
      await isNow(subject, 'exited 7 3');
      const run = numbered({ ...subject.pace, lines: runLines(subject.pace) });
      expect(linesOf((await log(subject)).stdout), subject.name).toEqual([0, 1, 2, 3].flatMap(n => run.map(line => `run ${n} ${line}`)));
    },
    events: ['create', ...Array.from({ length: 4 }, () => ['start', 'die']).flat()],
  },
  {
    kind: 'always again',
    run: ({ pace }) => ['--restart', 'always', 'busybox', 'sh', '-c', `n=$(cat /n 2>/dev/null || echo 0); echo $((n+1)) >/n; ${loop({ ...pace, lines: 10 }, 'echo run $n line $i')}; exit 4`],
    async finish({ docker, name }) { await docker('stop', '-t', '0', name); },
    async judge(subject) {
      await eventually(() => state(subject), now => now.startsWith('exited'), `${subject.name} is stopped`);
      const shown = linesOf((await log(subject)).stdout);
      expect(shown, subject.name).toEqual(shown.map((_, n) => `run ${Math.floor(n / 10)} line ${n % 10}`));
      const runs = Math.ceil(shown.length / 10);
      expect(runs - Number((await state(subject)).split(' ')[2]), `${subject.name}: runs beyond restarts`).toBeOneOf([0, 1]); // one may have been stopped before its first word
    },
    events: null,
  },
  {
    kind: 'healthy',
    run: subject => ['--health-cmd', 'test -e /etc/passwd', '--health-interval', '500ms', '--health-retries', '5', 'busybox', ...ending(subject)],
    async meanwhile({ docker, name }) {
      const health = async () => (await docker('inspect', '-f', '{{.State.Status}} {{.State.Health.Status}}', name)).stdout.trim();
      await eventually(health, now => now !== 'running starting', `${name} is checked`);
      expect(await health()).toMatch(/^running (starting|healthy)$|^exited/);
    },
    judge: wroteAll,
    events: ONCE,
  },
  {
    kind: 'gone afterwards',
    run: ({ pace, number }) => ['--rm', '-v', '/data', 'busybox', 'sh', '-c', `${loop({ ...pace, lines: Math.ceil(pace.lines * ((number * 37) % 100) / 100) })}; exit 9`],
    async judge({ docker, name }) {
      await eventually(async () => (await docker('ps', '-aq', '--filter', `name=^${name}$`)).stdout, ids => ids === '', `${name} is gone`);
    },
    events: [...ONCE, 'destroy'],
  },
  {
    kind: 'paused',
    run: subject => ['busybox', ...ending(subject)],
    async meanwhile({ docker, name }) { await docker('pause', name); },
    async finish(subject) {
      expect(await state(subject)).toBe('paused 0 0');
      await subject.docker('unpause', subject.name);
    },
    judge: wroteAll,
    events: ONCE,
  },
  {
    kind: 'by name', // asks for another one in a network of its own
    run: subject => ['--network', 'chaos', 'busybox', 'sh', '-c', `${loop({ ...subject.pace, lines: runLines(subject.pace) }, 'ping -c1 -W5 server >/dev/null 2>&1 && echo line $i || echo lost $i')}; exit ${codeOf(subject)}`],
    judge: subject => wroteAll({ ...subject, pace: { ...subject.pace, lines: runLines(subject.pace) } }),
    events: ONCE,
  },
  {
    kind: 'written into', // by an exec, which nobody waits for
    run: () => ['busybox', 'sleep', '100000'],
    async meanwhile({ docker, name, pace, lab }) {
      // Asked once only: whether the engine did it before it died, nobody knows.
      for (;;) {
        const { code } = await lab.docker(['exec', '-d', name, 'sh', '-c', `[ ! -e /started ] || exit 0; touch /started; ${loop({ ...pace, lines: runLines(pace) })} >/proc/1/fd/1; touch /written`]);
        if (code === 0) break;
      }
      await eventually(async () => (await docker('exec', name, 'ls', '/started')).code, now => now === 0, `the exec in ${name}`);
    },
    async finish(subject) {
      await eventually(async () => (await subject.docker('exec', subject.name, 'ls', '/written')).code, now => now === 0, `the exec in ${subject.name} is done`);
      await subject.docker('kill', subject.name);
    },
    async judge(subject) {
      await isNow(subject, 'exited 137 0');
      expect(linesOf((await log(subject)).stdout), subject.name).toEqual(numbered({ ...subject.pace, lines: runLines(subject.pace) }));
    },
    events: ONCE,
  },
  {
    kind: 'stopped',
    run: ({ pace }) => ['busybox', 'sh', '-c', `trap 'echo bye; exit 3' TERM; ${loop({ ...pace, lines: pace.lines * 100 })}`],
    async meanwhile({ docker, name }) { await docker('stop', '-t', '20', name); },
    async judge(subject) {
      await isNow(subject, 'exited 3 0');
      const shown = linesOf((await log(subject)).stdout);
      expect(shown, subject.name).toEqual([...numbered({ ...subject.pace, lines: shown.length - 1 }), 'bye']);
    },
    events: ONCE,
  },
];

function runLines({ lines }: Pace) { return Math.ceil(lines / 6); }

export const lifeOf = (events: readonly EngineEvent[], name: string) =>
  events.filter(event => event.Type === 'container' && event.Actor.Attributes.name === name && ['create', 'start', 'die', 'destroy'].includes(event.Action)).map(event => event.Action);
