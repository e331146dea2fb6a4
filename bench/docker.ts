// The stock docker command against us and against dockerd, in turns, so that whatever else the machine does hits both alike. One client for both,
// the stock one of Debian 13.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { clientProgram } from '../setup/assets/clients.ts';
import { withLab } from './lab.ts';
import { summarise, type Row } from './report.ts';

type Docker = (...args: string[]) => Promise<string>;

export const measureDocker = (runs: number) => withLab(async lab => {
  const dockerdHost = process.env.SLIPWAY_BENCH_DOCKER_HOST ?? (existsSync('/var/run/docker.sock') ? 'unix:///var/run/docker.sock' : undefined);
  const ours = dockerAt(lab.hosts[0]!.dockerHost);
  const theirs = dockerdHost === undefined ? undefined : dockerAt(dockerdHost);
  const rows: Row[] = [];
  for (const { what, noGoal, prepare, run, tidy } of cases) {
    const samples: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
    const sides = [{ docker: ours, into: samples.ours }, ...(theirs ? [{ docker: theirs, into: samples.theirs }] : [])];
    const contexts = await Promise.all(sides.map(async side => ({ ...side, context: await prepare(side.docker) })));
    try {
      for (let turn = -2; turn < runs; turn++) {
        for (const { docker, into, context } of turn % 2 ? contexts : contexts.toReversed()) {
          const started = performance.now();
          await run(docker, context);
          if (turn >= 0) into.push(performance.now() - started); // the first two fill caches
        }
      }
    } finally {
      for (const { docker, context } of contexts) await tidy(docker, context);
    }
    rows.push({ what, unit: 'ms', slipway: summarise(samples.ours), dockerd: theirs ? summarise(samples.theirs) : 'not measured', ...(noGoal ? {} : { goal: { share: 0.5 } }) });
  }
  return rows;
});

const nothing = async () => '';
const cases: { what: string; noGoal?: true; prepare: (docker: Docker) => Promise<string>; run: (docker: Docker, context: string) => Promise<unknown>; tidy: (docker: Docker, context: string) => Promise<unknown> }[] = [
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

async function pullBusybox(docker: Docker): Promise<string> {
  return docker('image', 'inspect', 'busybox').catch(() => docker('pull', '-q', 'busybox'));
}

function dockerAt(host: string): Docker {
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
