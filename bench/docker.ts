// The stock docker command against us and against dockerd, in turns, so that whatever else the machine does hits both alike. One client for both,
// the stock one of Debian 13.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { clientProgram } from '../setup/assets/clients.ts';
import { withLab } from './lab.ts';
import { summarise, type Row } from './report.ts';

export type Docker = (...args: string[]) => Promise<string>;

export const measureDocker = (runs: number) => measure(cases, runs, 0.4);
/** Every verb of a container beside dockerd's. */
export const measureVerbs = (runs: number) => measure(verbs, runs, 0.4);

export const measure = (all: readonly Case[], runs: number, share: number) => withLab(async lab => {
  const ours = dockerAt(lab.hosts[0]!.dockerHost);
  const theirs = dockerdToCompare();
  const rows: Row[] = [];
  for (const { what, noGoal, few, prepare, before = nothing, run, after = nothing, tidy } of all) {
    const samples: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
    const sides = [{ docker: ours, into: samples.ours }, ...(theirs ? [{ docker: theirs, into: samples.theirs }] : [])];
    const contexts = await Promise.all(sides.map(async side => ({ ...side, context: await prepare(side.docker) })));
    try {
      for (let turn = -2; turn < (few ? Math.ceil(runs / 10) : runs); turn++) {
        for (const { docker, into, context } of turn % 2 ? contexts : contexts.toReversed()) {
          const name = `bench-turn-${turn + 2}`;
          await before(docker, context, name);
          const started = performance.now();
          await run(docker, context, name);
          if (turn >= 0) into.push(performance.now() - started); // the first two fill caches
          await after(docker, context, name);
        }
      }
    } finally {
      for (const { docker, context } of contexts) await tidy(docker, context);
    }
    rows.push({ what, unit: 'ms', slipway: summarise(samples.ours), dockerd: theirs ? summarise(samples.theirs) : 'not measured', ...(noGoal ? {} : { goal: { share } }) });
  }
  return rows;
});

/** Undefined where there is none. */
export function dockerdToCompare(): Docker | undefined {
  const host = dockerdAddress();
  return host === undefined ? undefined : dockerAt(host);
}
export const dockerdAddress = () => process.env.SLIPWAY_BENCH_DOCKER_HOST ?? (existsSync('/var/run/docker.sock') ? 'unix:///var/run/docker.sock' : undefined);

const nothing = async () => '';
type Work = (docker: Docker, context: string, turn: string) => Promise<unknown>;
/** `before` and `after` surround each turn and are not counted; `few`: a tenth of the turns. */
export interface Case { what: string; noGoal?: true; few?: true; prepare: (docker: Docker) => Promise<string>; before?: Work; run: Work; after?: Work; tidy: (docker: Docker, context: string) => Promise<unknown> }
const cases: Case[] = [
  { what: 'docker version (mostly the client)', noGoal: true, prepare: nothing, run: docker => docker('version'), tidy: nothing },
  { what: 'docker run --rm busybox true', prepare: pullBusybox, run: docker => docker('run', '--rm', 'busybox', 'true'), tidy: nothing },
  { what: 'docker run --rm --network none busybox true', prepare: pullBusybox, run: docker => docker('run', '--rm', '--network', 'none', 'busybox', 'true'), tidy: nothing },
  {
    what: 'docker run --rm --network mine busybox true',
    prepare: async docker => { await pullBusybox(docker); await docker('network', 'create', 'bench-mine'); return ''; },
    run: docker => docker('run', '--rm', '--network', 'bench-mine', 'busybox', 'true'),
    tidy: docker => docker('network', 'rm', 'bench-mine'),
  },
  {
    what: 'docker run -d busybox sleep; rm -f', prepare: pullBusybox, tidy: nothing,
    run: async docker => docker('rm', '-f', await docker('run', '-d', 'busybox', 'sleep', '1000')),
  },
  {
    what: 'docker exec C true',
    prepare: async docker => { await pullBusybox(docker); return docker('run', '-d', 'busybox', 'sleep', '1000'); },
    run: (docker, container) => docker('exec', container, 'true'),
    tidy: (docker, container) => docker('rm', '-f', container),
  },
];

/** Fifty beside the one that is asked about. */
const SIDE = { many: Array.from({ length: 50 }, (_, i) => `bench-${i}`) };
const withOne = async (docker: Docker) => { await pullBusybox(docker); return docker('run', '-d', 'busybox', 'sleep', '1000'); };
const gone = (docker: Docker, container: string) => docker('rm', '-f', container);
const withFifty = async (docker: Docker) => {
  await pullBusybox(docker);
  for (let i = 0; i < 50; i += 5) await Promise.all(SIDE.many.slice(i, i + 5).map(name => docker('run', '-d', '--name', name, 'busybox', 'sleep', '1000')));
  return '';
};
const fiftyGone = (docker: Docker) => docker('rm', '-f', ...SIDE.many);

/** Each verb by itself: what it needs is made before its turn, and not counted. */
const verbs: typeof cases = [
  { what: 'docker run -d busybox sleep', prepare: pullBusybox, run: (docker, _, turn) => docker('run', '-d', '--name', turn, 'busybox', 'sleep', '1000'), after: (docker, _, turn) => gone(docker, turn), tidy: nothing },
  { what: 'docker rm -f C', prepare: pullBusybox, before: (docker, _, turn) => docker('run', '-d', '--name', turn, 'busybox', 'sleep', '1000'), run: (docker, _, turn) => gone(docker, turn), tidy: nothing },
  { what: 'docker create', prepare: pullBusybox, run: (docker, _, turn) => docker('create', '--name', turn, 'busybox', 'true'), after: (docker, _, turn) => gone(docker, turn), tidy: nothing },
  { what: 'docker start C', prepare: pullBusybox, before: (docker, _, turn) => docker('create', '--name', turn, 'busybox', 'sleep', '1000'), run: (docker, _, turn) => docker('start', turn), after: (docker, _, turn) => gone(docker, turn), tidy: nothing },
  {
    what: 'docker stop C (which ends at once)', prepare: pullBusybox, tidy: nothing,
    before: (docker, _, turn) => docker('run', '-d', '--name', turn, '--stop-signal', 'KILL', 'busybox', 'sleep', '1000'), run: (docker, _, turn) => docker('stop', turn), after: (docker, _, turn) => gone(docker, turn),
  },
  { what: 'docker inspect C', prepare: withOne, run: (docker, container) => docker('inspect', container), tidy: gone },
  { what: 'docker ps, 50 running', prepare: withFifty, run: docker => docker('ps'), tidy: fiftyGone },
  { what: 'docker stats --no-stream, 50 running', noGoal: true, prepare: withFifty, run: docker => docker('stats', '--no-stream'), tidy: fiftyGone }, // both wait for a second sample
  {
    what: 'docker logs, 10,000 lines', tidy: gone,
    prepare: async docker => { await pullBusybox(docker); const container = await docker('run', '-d', 'busybox', 'seq', '1', '10000'); await docker('wait', container); return container; },
    run: (docker, container) => docker('logs', container),
  },
  {
    what: 'docker cp, 10 MB out', tidy: gone,
    prepare: async docker => { const container = await withOne(docker); await docker('exec', container, 'sh', '-c', 'head -c 10000000 /dev/urandom > /ten'); return container; },
    run: (docker, container) => docker('cp', `${container}:/ten`, '/tmp/slipway-bench-ten'),
  },
  { what: 'docker cp, 10 MB in', prepare: withOne, run: (docker, container) => docker('cp', '/tmp/slipway-bench-ten', `${container}:/in`), tidy: gone },
  {
    what: 'fifty docker run -d at once', noGoal: true, few: true, prepare: pullBusybox, tidy: nothing,
    run: docker => Promise.all(SIDE.many.map(name => docker('run', '-d', '--name', name, 'busybox', 'sleep', '1000'))), after: fiftyGone,
  },
];

export async function pullBusybox(docker: Docker): Promise<string> {
  return docker('image', 'inspect', 'busybox').catch(() => docker('pull', '-q', 'busybox'));
}

export function dockerAt(host: string): Docker {
  return (...args) => new Promise((resolve, reject) => {
    const child = spawn(clientProgram('docker-26'), args, { env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', DOCKER_HOST: host } as unknown as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text; });
    child.once('error', reject);
    child.once('close', code => (code === 0 ? resolve(output.trim()) : reject(new Error(`docker ${args.join(' ')} at ${host}: exit code ${code}: ${errors.trim()}`))));
  });
}
