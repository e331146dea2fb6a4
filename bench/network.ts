// What a network costs: what it adds to `docker run`, beside dockerd, and how fast bytes go from container to container, beside a plain veth pair of the
// machine. Speed by iperf3, the same program on both sides (`apt-get install iperf3`), in turns, so that a busy machine slows both.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Docker, dockerAt, dockerdToCompare, pullBusybox } from './docker.ts';
import { withEngine, withLab } from './lab.ts';
import { summarise, type Row } from './report.ts';

const run = promisify(execFile);
const IPERF = '/usr/bin/iperf3';
const TURNS = 5;
const SECONDS = 3;

export const measureNetwork = async (runs: number): Promise<Row[]> => [...await measureAdded(runs), ...await measureThroughput()];

const measureAdded = (runs: number) => withLab(async lab => {
  const theirs = dockerdToCompare();
  const sides = { slipway: dockerAt(lab.hosts[0]!.dockerHost), ...(theirs ? { dockerd: theirs } : {}) };
  const samples = { slipway: [] as number[], dockerd: [] as number[] };
  for (const docker of Object.values(sides)) await pullBusybox(docker);
  for (let turn = -2; turn < runs; turn++) {
    for (const [side, docker] of Object.entries(sides)) {
      const none = await timed(docker, '--network', 'none');
      const added = await timed(docker) - none;
      if (turn >= 0) samples[side as keyof typeof samples].push(added);
    }
  }
  const row: Row = { what: 'docker run --rm: what the network adds to --network none', unit: 'ms', slipway: summarise(samples.slipway), dockerd: theirs ? summarise(samples.dockerd) : 'not measured', goal: { p50: 25 } };
  return [row];
});

async function timed(docker: Docker, ...options: string[]): Promise<number> {
  const started = performance.now();
  await docker('run', '--rm', ...options, 'busybox', 'true');
  return performance.now() - started;
}

async function measureThroughput(): Promise<Row[]> {
  const what = 'container to container, one connection';
  if (!existsSync(IPERF)) return [{ what, unit: 'MB/s', slipway: 'not measured', note: 'iperf3 is not installed on this machine' }];
  const kit = await packIperf();
  const pair = await openVethPair();
  try {
    return await withEngine(async engine => {
      // As many processors as the pair has: a lab's own share is another question.
      let theirs: Awaited<ReturnType<typeof openContainers>> | undefined;
      const lab = await engine.call('createLab', { name: 'bench', limits: { cpus: cpus().length } });
      try {
        const containers = await openContainers(dockerAt(lab.hosts[0]!.dockerHost), kit);
        const dockerd = dockerdToCompare();
        theirs = dockerd && await openContainers(dockerd, kit);
        const plain: number[] = [];
        const ours: number[] = [];
        const dockerds: number[] = [];
        for (let turn = 0; turn < TURNS; turn++) {
          plain.push(await pair.measure());
          ours.push(await containers.measure());
          if (theirs) dockerds.push(await theirs.measure());
        }
        const veth = summarise(plain);
        return [
          { what: 'a plain veth pair of the machine, one connection', unit: 'MB/s', slipway: veth } satisfies Row,
          { what, unit: 'MB/s', slipway: summarise(ours), dockerd: theirs ? summarise(dockerds) : 'not measured', goal: { atLeast: 0.9 * veth.p50 }, note: `${(summarise(ours).p50 / veth.p50).toFixed(2)} of the veth pair` } satisfies Row,
        ];
      } finally {
        await theirs?.release();
        await engine.call('disposeLab', { lab: lab.id });
      }
    });
  } finally {
    await pair.release();
    rmSync(kit, { recursive: true });
  }
}

/** iperf3 with its libraries and loader in one folder, to run wherever it is copied to. */
async function packIperf(): Promise<string> {
  const { stdout } = await run('ldd', [IPERF]);
  const files = [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path!);
  const kit = mkdtempSync(join(tmpdir(), 'slipway-bench-iperf-'));
  await run('cp', ['-L', IPERF, ...files, kit]);
  await run('sh', ['-c', `mv ${kit}/ld-linux* ${kit}/loader`]);
  return kit;
}

const report = z.object({ end: z.object({ sum_received: z.object({ bits_per_second: z.number() }) }) });
const megabytes = (json: string) => report.parse(JSON.parse(json)).end.sum_received.bits_per_second / 8e6;

async function openVethPair() {
  const [one, two] = [`slipway-bench-${process.pid}-a`, `slipway-bench-${process.pid}-b`];
  const ip = (line: string) => run('ip', line.split(' '));
  const release = () => Promise.allSettled([one, two].map(name => ip(`netns delete ${name}`)));
  try {
    for (const name of [one, two]) await ip(`netns add ${name}`);
    await ip(`-n ${one} link add pair0 type veth peer name pair0 netns ${two}`);
    for (const [index, name] of [one, two].entries()) {
      await ip(`-n ${name} addr add 10.255.255.${index + 1}/24 dev pair0`);
      for (const link of ['lo', 'pair0']) await ip(`-n ${name} link set ${link} up`);
    }
  } catch (error) {
    await release();
    throw error;
  }
  return {
    release,
    async measure() {
      const server = run('ip', ['netns', 'exec', one, IPERF, '-s', '-1']);
      try {
        return await persist(async () => (await run('ip', ['netns', 'exec', two, IPERF, '-c', '10.255.255.1', '-J', '-t', String(SECONDS)])).stdout);
      } finally {
        server.child.kill();
        await server.catch(() => undefined); // by the signal, when no client came
      }
    },
  };
}

async function openContainers(docker: Docker, kit: string) {
  const [receives, sends] = [`bench-receives-${process.pid}`, `bench-sends-${process.pid}`];
  const iperf = ['/iperf/loader', '--library-path', '/iperf', '/iperf/iperf3'];
  await pullBusybox(docker);
  for (const name of [receives, sends]) {
    await docker('run', '-d', '--name', name, 'busybox', 'sleep', '100000');
    await docker('cp', `${kit}/.`, `${name}:/iperf`);
  }
  const address = await docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', receives);
  return {
    release: () => docker('rm', '-f', receives, sends),
    async measure() {
      await docker('exec', '-d', receives, ...iperf, '-s', '-1');
      return persist(() => docker('exec', sends, ...iperf, '-c', address, '-J', '-t', String(SECONDS)));
    },
  };
}

/** The server may not listen yet; some versions then end well, with a report of nothing. */
async function persist(work: () => Promise<string>): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      return megabytes(await work());
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }
}
