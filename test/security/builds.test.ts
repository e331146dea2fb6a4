// A build's steps have the lab's limits and no more: one that forks, eats memory or fills the disk is an error of that build, with either builder.
// The lab goes on, and nothing of the step stays. And whatever passes through the engine leaves it as small as it was: SLIPWAY_ARCHIVES=long sends a gigabyte.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { readStatus } from '../../runtime/supervisor/status.ts';
import { adoptTestLab, BUILDX, createTestLab, eventually, type TestLab } from '../engine/lab.ts';

const MIB = 1 << 20;
const home = mkdtempSync(join(tmpdir(), 'slipway-builds-'));
const env = { buildkit: { DOCKER_CONFIG: join(home, 'config'), HOME: home }, classic: { DOCKER_BUILDKIT: '0' } };
let lab: TestLab;
beforeAll(async () => {
  mkdirSync(join(home, 'config', 'cli-plugins'), { recursive: true });
  symlinkSync(BUILDX, join(home, 'config', 'cli-plugins', 'docker-buildx'));
  const engine = new RpcClient(engineSocket, controlVerbs);
  const { id } = await engine.call('createLab', { name: 'builds', limits: { diskBytes: 40 * MIB, memoryBytes: 128 * MIB, pids: 120 } });
  engine.close();
  lab = await adoptTestLab(id);
  await lab.ok('pull -q busybox');
  await lab.ok('run -d --name witness busybox sleep 100000');
});
afterAll(async () => {
  await lab?.dispose();
  rmSync(home, { recursive: true });
});

const inLab = (script: string) => execFileSync(process.execPath, ['runtime/cli/main.ts', 'lab', 'exec', lab.lab!.id, '--no-tty', '--', 'sh', '-c', script], { encoding: 'utf8' }).trim();
const context = (name: string, dockerfile: string) => {
  const dir = join(home, name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'Dockerfile'), dockerfile);
  return dir;
};

describe.each(['buildkit', 'classic'] as const)('with %s a RUN that', builder => {
  test.each([
    ['forks without end', 'for i in $(seq 300); do sleep 300 & done; wait', /can't fork|Resource temporarily unavailable|returned a non-zero code|exit code/],
    ['eats all memory', 'head -c 300m /dev/zero | tail > /dev/null', /exit code: \d+|non-zero code: \d+/],
    ['fills the disk', 'head -c 200m /dev/urandom > /big', /exit code: 1|non-zero code: 1|quota/],
  ])('%s ends as an error of its build', async (what, command, said) => {
    const { code, stderr, stdout } = await lab.docker(['build', '--no-cache', context(`${builder}-${what}`.replaceAll(' ', '-'), `FROM busybox\nRUN ${command}\n`)], { env: env[builder] });
    expect([code === 0, `${stdout}${stderr}`]).toEqual([false, expect.stringMatching(said)]);
    await lab.ok('container prune -f'); // the classic builder leaves the container of a step that failed, as with dockerd
    await eventually(() => inLab('ps ax | grep -c "[s]leep 300$"; ls /var/lib/docker/tmp; true'), left => left === '0', 'nothing being left of the step');
    await eventually(() => lab.docker(['inspect', '-f', '{{.State.Running}}', 'witness']), ({ stdout: answer }) => answer === 'true\n', 'the container beside it running on');
    expect((await lab.docker(['build', '-q', '-'], { stdin: 'FROM busybox\nRUN true\n', env: env.classic })).code).toBe(0);
  });
});

describe('the engine is as small as before', () => {
  const megabytes = process.env.SLIPWAY_ARCHIVES === 'long' ? 1000 : 50;
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${readStatus()!.services.find(service => service.name === 'engine')!.pid}/status`, 'utf8'))![1]) / 1024;
  test(`after ${megabytes} MB of a context, a layer, a copy and an archive`, async () => {
    const large = await createTestLab('builds-large', { pull: ['busybox'] });
    try {
      const dir = context('large', 'FROM busybox\nCOPY f /f\n');
      writeFileSync(join(dir, 'f'), '');
      truncateSync(join(dir, 'f'), megabytes * MIB);
      await large.ok(['build', '-q', context('small', 'FROM busybox\nRUN true\n')], { env: env.buildkit });
      const before = rss();
      const patient = { patienceMs: 600_000 };
      await large.ok(['build', '-q', '-t', 'large', dir], { env: env.buildkit, ...patient });
      await large.ok(['build', '-q', dir], { env: env.classic, ...patient });
      await large.ok(['save', '-o', join(home, 'saved.tar'), 'large'], patient);
      await large.ok('create --name box busybox true');
      await large.ok(['cp', join(dir, 'f'), 'box:/f'], patient);
      expect(rss() - before).toBeLessThan(45); // MB: code that ran for the first time, and what is not yet collected
    } finally {
      await large.dispose();
    }
  }, 900_000);
});
