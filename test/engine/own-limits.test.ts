// A lab that meets one of its own limits is known by what the kernel counts outside it, on either kind of cgroup; its page is then told which one it was.
import { afterEach, expect, test } from 'vitest';
import { controlVerbs, type Lab } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { LimitJudge } from '../../server/lab/limits.ts';
import { adoptTestLab, dockerd, eventually, outputOf, type TestLab } from './lab.ts';

const MIB = 1 << 20;
let lab: TestLab | undefined;
afterEach(() => lab?.dispose());

async function begin(limits: Partial<Lab['limits']>) {
  const engine = new RpcClient(engineSocket, controlVerbs);
  const made = await engine.call('createLab', { name: 'own-limits', limits });
  engine.close();
  lab = await adoptTestLab(made.id);
  await lab.ok('pull -q busybox');
  const judge = new LimitJudge();
  const look = async () => judge.next((await lab!.engine.call('figures', { labs: [made.id] }))[0]!, made.limits, Date.now());
  const inLab = async (script: string) => {
    const { socketPath } = await lab!.engine.call('exec', { lab: made.id, host: 'h1', argv: ['/bin/sh', '-c', script], deadlineMs: 20_000 });
    return outputOf(socketPath);
  };
  expect(await look()).toEqual([]);
  return { look, inLab };
}

test.skipIf(dockerd)('memory: a container of its own, and one that had asked for less', async () => {
  const { look, inLab } = await begin({ memoryBytes: 96 * MIB });
  const eat = 'head -c 200m /dev/zero | tail > /dev/null';
  expect((await lab!.docker(['run', '--rm', '-m', '32m', 'busybox', 'sh', '-c', eat])).code).not.toBe(0);
  expect(await look()).toEqual([]); // its own limit, which docker tells of
  await lab!.docker(['run', '--rm', 'busybox', 'sh', '-c', eat]);
  expect(await look()).toEqual(['memory']);
  await inLab('head -c 200m /dev/zero | tail > /dev/null; true');
  expect(await look()).toEqual([]); // the same occurrence
});

test.skipIf(dockerd)('processes', async () => {
  const { look, inLab } = await begin({ pids: 80 });
  const words = await inLab('exec 2>&1; for n in $(seq 200); do sleep 60 & done');
  expect(words).toContain('Cannot fork');
  expect(await look()).toEqual(['processes']);
});

test.skipIf(dockerd)('with no process left to start, containers and their ports can be let go', async () => {
  const { inLab } = await begin({ pids: 60 });
  let full = false;
  for (let i = 0; i < 8 && !full; i++) full = (await lab!.docker(['run', '-d', '--name', `full${i}`, '-p', '80', 'busybox', 'sleep', '1000'])).code !== 0;
  expect(full).toBe(true);
  await lab!.start(['exec', 'full0', 'sh', '-c', 'for n in $(seq 60); do sleep 60 & done']).ended; // to the last one
  const all = (await lab!.ok('ps -aq')).split('\n');
  expect(await lab!.docker(['rm', '-f', ...all])).toMatchObject({ code: 0, stderr: '' });
  await eventually(() => inLab('ps -e -o comm='), text => !text.includes('docker-proxy'), 'the end of all proxies');
  expect(await lab!.ok('ps -aq')).toBe('');
});

test.skipIf(dockerd)('disk, and room again', async () => {
  const { look, inLab } = await begin({ diskBytes: 64 * MIB });
  expect(await inLab('exec 2>&1; head -c 200m /dev/urandom > /root/big; sync')).toContain('quota');
  expect(await look()).toEqual(['disk']);
  await inLab('rm /root/big; sync');
  expect(await look()).toEqual([]);
  expect((await lab!.engine.call('figures', {})).find(figures => figures.lab === lab!.lab!.id)!.diskBytes).toBeLessThan(60 * MIB);
});
