// Pulls and pushes of a layer of 100 MB beside dockerd's, with the stock client. Both sides have the library's registry in a container; what comes from
// outside comes from a process of Debian's docker-registry on this machine, which dockerd may reach only as that container. Layers are half random
// bytes, half text made of such, and new for every turn.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokerVerbs } from '../runtime/kernel/protocol.ts';
import { brokerSocket, stateDir, upstreamsFile } from '../runtime/paths.ts';
import { RpcClient } from '../runtime/rpc.ts';
import { openOutside } from '../test/engine/upstream.ts';
import { dockerAt, dockerdToCompare, type Docker } from './docker.ts';
import { withEngine, withLab } from './lab.ts';
import { summarise, type Row } from './report.ts';

const MB = 1e6;
const DOMAIN = 'bench.example';
const PORT = 5871;
const LABS = Number(process.env.SLIPWAY_PULLERS ?? 40);

/** 100 MB, of which gzip can save a quarter. */
function data(): Buffer {
  const bytes = randomBytes(75 * MB);
  return Buffer.concat([bytes.subarray(0, 50 * MB), Buffer.from(bytes.subarray(50 * MB).toString('hex'))]);
}

interface Side { docker: Docker; push: number[]; again: number[]; pull: number[] }
const timed = async (into: number[], work: () => Promise<unknown>) => {
  const started = performance.now();
  await work();
  into.push(performance.now() - started);
};

export const measureRegistry = (runs: number) => withLab(async lab => {
  const turns = Math.max(3, Math.ceil(runs / 5));
  const ours: Side = { docker: dockerAt(lab.hosts[0]!.dockerHost), push: [], again: [], pull: [] };
  const dockerd = dockerdToCompare();
  const theirs: Side | undefined = dockerd && { docker: dockerd, push: [], again: [], pull: [] };
  const place = mkdtempSync('/var/tmp/slipway-bench-');
  try {
    await ours.docker('pull', '-q', 'registry:2');
    await ours.docker('save', '-o', join(place, 'registry.tar'), 'registry:2');
    await theirs?.docker('load', '-q', '-i', join(place, 'registry.tar'));
    for (const side of [ours, theirs]) await side?.docker('run', '-d', '-p', `127.0.0.1:${PORT}:5000`, '--name', 'bench-registry', 'registry:2');
    for (let turn = -1; turn < turns; turn++) {
      writeFileSync(join(place, 'data'), data());
      for (const side of turn % 2 ? [ours, theirs] : [theirs, ours]) if (side) await pushAndPull(turn < 0 ? { ...side, push: [], again: [], pull: [] } : side, place, `localhost:${PORT}/bench-${turn + 1}`);
    }
    const compared = (what: string, key: 'push' | 'again' | 'pull'): Row => ({ what, unit: 'ms', slipway: summarise(ours[key]), dockerd: theirs ? summarise(theirs[key]) : 'not measured', goal: { share: 0.5 } });
    return [
      compared('docker push, a layer of 100 MB', 'push'), compared('docker push, layers already there', 'again'), compared('docker pull of 100 MB from a registry in the lab', 'pull'),
      ...await fromOutside(ours.docker, turns, theirs?.pull ?? []),
    ];
  } finally {
    await theirs?.docker('rm', '-fv', 'bench-registry');
    await theirs?.docker('rmi', 'registry:2');
    rmSync(place, { recursive: true });
  }
});

/** With a layer that nobody has seen before. */
async function pushAndPull({ docker, push, again, pull }: Side, place: string, image: string): Promise<void> {
  await docker('create', '--name', 'bench-source', 'registry:2');
  await docker('cp', join(place, 'data'), 'bench-source:/data');
  await docker('commit', 'bench-source', image);
  await docker('rm', 'bench-source');
  await timed(push, () => docker('push', image));
  await timed(again, () => docker('push', image));
  await docker('rmi', image);
  await timed(pull, () => docker('pull', image));
  await docker('rmi', image);
}

/** Into a machine that lacks it, into another lab of one that has it, and into many labs at once. */
async function fromOutside(docker: Docker, turns: number, dockerds: number[]): Promise<Row[]> {
  mkdirSync(stateDir, { recursive: true });
  const outside = await openOutside();
  writeFileSync(upstreamsFile, JSON.stringify({ upstreams: [{ domain: DOMAIN, url: outside.open, allow: ['**'] }], labBytesPerHour: '1 TB', diskBytes: '100 GB' }));
  const [lacking, having, all]: number[][] = [[], [], []];
  const made: string[] = [];
  return withEngine(async engine => {
    const newLab = async () => {
      const lab = await engine.call('createLab', { name: 'bench-outside' });
      made.push(lab.id);
      return dockerAt(lab.hosts[0]!.dockerHost);
    };
    try {
      const other = await newLab();
      for (let turn = -1; turn < turns; turn++) {
        const image = `${DOMAIN}/bench:${turn + 1}`;
        await outside.put(`bench:${turn + 1}`, [{ data: data() }]);
        await timed(turn < 0 ? [] : lacking!, () => docker('pull', image));
        await timed(turn < 0 ? [] : having!, () => other('pull', image));
      }
      const many = [];
      for (let at = 0; at < LABS; at++) many.push(await newLab());
      await outside.put('bench:many', [{ data: data() }]);
      await Promise.all(many.map(one => timed(all!, () => one('pull', `${DOMAIN}/bench:many`))));
      return [
        { what: 'docker pull of 100 MB from outside, into a machine that lacks it', unit: 'ms', slipway: summarise(lacking!), dockerd: dockerds.length ? summarise(dockerds) : 'not measured', goal: { share: 0.5 } },
        { what: 'the same into a lab of a machine that has it', unit: 'ms', slipway: summarise(having!), goal: { p50: 100 }, note: 'the client with it' },
        { what: `the same into ${LABS} labs at once, which all lack it`, unit: 'ms', slipway: summarise(all!), note: 'one download' },
      ] satisfies Row[];
    } finally {
      for (const lab of made) await engine.call('disposeLab', { lab });
      rmSync(upstreamsFile, { force: true });
      await outside.release();
      await forgetLayers();
    }
  });
}

/** What was pulled for this is nobody's. */
async function forgetLayers(): Promise<void> {
  const broker = new RpcClient(brokerSocket, brokerVerbs);
  for (const layer of await broker.call('sharedLayers', {})) await broker.call('unshareLayer', { layer });
  broker.close();
}
