// Fifty learners who start a container at the same moment, each in a lab of their own, beside fifty containers of one dockerd; and what a running container
// costs in memory beside its own program: a shim of ours, and what the engine keeps of it.
import { RpcClient } from '../runtime/rpc.ts';
import { controlVerbs } from '../runtime/lab/control.ts';
import { engineSocket } from '../runtime/paths.ts';
import { readStatus } from '../runtime/supervisor/status.ts';
import { dockerAt, dockerdToCompare, pullBusybox, type Docker } from './docker.ts';
import { labProcesses, pss } from './memory.ts';
import { summarise, type Row } from './report.ts';
import { withLab } from './lab.ts';

const FIFTY = 50;
const start = (docker: Docker, name: string) => docker('run', '-d', '--name', name, 'busybox', 'sleep', '1000');

export async function measureFifty(): Promise<Row[]> {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const labs: string[] = [];
  const theirs = dockerdToCompare();
  try {
    const dockers: Docker[] = [];
    for (let i = 0; i < FIFTY; i++) {
      const lab = await engine.call('createLab', { name: `bench-fifty-${i}` });
      labs.push(lab.id);
      dockers.push(dockerAt(lab.hosts[0]!.dockerHost));
      await pullBusybox(dockers[i]!);
    }
    const ours = await timed(() => Promise.all(dockers.map((docker, i) => start(docker, `bench-fifty-${i}`))));
    const names = dockers.map((_, i) => `bench-fifty-${i}`);
    if (theirs) await pullBusybox(theirs);
    const dockerd = theirs ? await timed(() => Promise.all(names.map(name => start(theirs, name)))) : undefined;
    if (theirs) await theirs('rm', '-f', ...names);
    return [{ what: 'a docker run -d in each of fifty labs at once', unit: 'ms', slipway: summarise([ours]), dockerd: dockerd === undefined ? 'not measured' : summarise([dockerd]), goal: { share: 0.4 } }, ...await measureContainer()];
  } finally {
    for (const lab of labs) await engine.call('disposeLab', { lab });
    engine.close();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** The programs' own memory is left out: they are the learner's. */
const measureContainer = () => withLab(async lab => {
  const docker = dockerAt(lab.hosts[0]!.dockerHost);
  await pullBusybox(docker);
  const enginePid = readStatus()!.services.find(service => service.name === 'engine')!.pid!;
  const own = () => labProcesses(lab.id).filter(({ program }) => program !== 'sleep').reduce((sum, { pid }) => sum + pss(pid), 0) + pss(enginePid);
  await start(docker, 'bench-first'); // what is there once for all
  const before = own();
  for (let i = 0; i < FIFTY; i += 5) await Promise.all([0, 1, 2, 3, 4].map(j => start(docker, `bench-${i + j}`)));
  return [{ what: 'a running container: our processes for it', unit: 'MiB' as const, slipway: summarise([(own() - before) / FIFTY / 2 ** 20]), goal: { p50: 3 }, note: 'shim and engine, without its own program' }];
});
