// Limits: they hold, and they can be seen in the container, in inspect, in stats, and changed.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
let v2: boolean;
beforeAll(async () => {
  lab = await createTestLab('limits', { pull: ['busybox'] });
  v2 = (await lab.ok(['info', '--format', '{{.CgroupVersion}}'])) === '2';
});
afterAll(() => lab?.dispose());

const inside = async (container: string, v1File: string, v2File: string) => lab.ok(['exec', container, 'cat', `/sys/fs/cgroup/${v2 ? v2File : v1File}`]);

describe('memory', () => {
  test('whoever takes more is killed, and inspect says why', async () => {
    const { code } = await lab.docker(['run', '--name', 'hog', '-m', '16m', 'busybox', 'sh', '-c', 'tail /dev/zero']);
    expect(code).toBe(137);
    expect(await lab.ok(['inspect', '--format', '{{.State.OOMKilled}} {{.State.ExitCode}}', 'hog'])).toBe('true 137');
    expect(await lab.ok(['events', '--since', '1m', '--until', `${Date.now() / 1000 + 1}`, '--filter', 'container=hog', '--format', '{{.Action}}'])).toContain('\noom\ndie');
    await lab.ok('rm hog');
  });
});

describe('processes', () => {
  test('a fork bomb meets --pids-limit', async () => {
    const { stderr } = await lab.docker(['run', '--rm', '--pids-limit', '8', 'busybox', 'sh', '-c', 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 2 & done']);
    expect(stderr).toMatch(/can't fork: Resource temporarily unavailable/);
  });

  // `sleep` waits for nobody: who is left to it stays a zombie, unless an init is there instead.
  test.each([['none', 1], ['--init', 0]])('init: %s leaves zombies: %d', async (init, zombies) => {
    await lab.ok(['run', '-d', '--name', 'left', ...(init === 'none' ? [] : [init]), 'busybox', 'sh', '-c', '(sleep 0.1 & sleep 0.05); (sleep 0.2 &); exec sleep 1000']);
    const states = async () => (await lab.ok('exec left ps -o stat,args')).split('\n').slice(1);
    await eventually(states, all => all.every(line => !/^S +sleep 0/.test(line)), 'the end of what was left');
    expect((await states()).filter(line => line.startsWith('Z')).length > 0 ? 1 : 0).toBe(zombies);
    await lab.ok('rm -f left');
  });

  test('limits of a process are those of --ulimit', async () => {
    expect(await lab.ok(['run', '--rm', '--ulimit', 'nofile=100:200', 'busybox', 'sh', '-c', 'ulimit -n; ulimit -Hn'])).toBe('100\n200');
  });
});

describe('what can be seen', () => {
  test('in the container', async () => {
    await lab.ok('run -d --name seen -m 64m --memory-reservation 32m --cpus 0.5 --cpuset-cpus 0 --pids-limit 20 --shm-size 8m busybox sleep 1000');
    expect(await lab.ok(['exec', 'seen', 'sh', '-c', 'df -k /dev/shm | awk \'NR==2{print $2}\''])).toBe('8192');
    expect(await lab.ok(['inspect', '--format', '{{with .HostConfig}}{{.Memory}} {{.MemorySwap}} {{.NanoCpus}} {{.PidsLimit}}{{end}}', 'seen'])).toBe('67108864 134217728 500000000 20');
    const cgroup = v2 ? '' : (await lab.ok('inspect --format {{.Id}} seen'));
    const path = async (controller: string) => (v2 ? '' : (await lab.ok(['exec', 'seen', 'sh', '-c', `[ -e /sys/fs/cgroup/${controller}/docker/${cgroup} ] && echo ${controller}/docker/${cgroup}/ || echo ${controller}/`])));
    expect(await inside('seen', `${await path('memory')}memory.limit_in_bytes`, 'memory.max')).toBe('67108864');
    expect(await inside('seen', `${await path('pids')}pids.max`, 'pids.max')).toBe('20');
    expect(await inside('seen', `${await path('cpu')}cpu.cfs_quota_us`, 'cpu.max')).toMatch(/^50000\b/);
  });

  test('in docker stats', async () => {
    const line = await lab.ok(['stats', '--no-stream', '--format', '{{.Name}}|{{.CPUPerc}}|{{.MemUsage}}|{{.MemPerc}}|{{.NetIO}}|{{.BlockIO}}|{{.PIDs}}', 'seen']);
    expect(line).toMatch(/^seen\|\d+\.\d\d%\|[\d.]+(B|KiB|MiB) \/ 64MiB\|\d+\.\d\d%\|[\d.]+k?B \/ [\d.]+k?B\|[\d.]+[kM]?B \/ [\d.]+[kM]?B\|1$/);
  });

  test('half a CPU is half a CPU', async () => {
    await lab.ok('exec -d seen sh -c while(true)do(true)done');
    const share = async () => Number.parseFloat(await lab.ok(['stats', '--no-stream', '--format', '{{.CPUPerc}}', 'seen']));
    await eventually(share, percent => percent > 40 && percent < 60, 'a CPU use of about 50 %');
  });

  test('docker update changes them while it runs', async () => {
    expect(await lab.ok('update -m 96m --memory-swap 128m --cpus 0.25 --pids-limit 30 seen')).toBe('seen');
    expect(await lab.ok(['inspect', '--format', '{{with .HostConfig}}{{.Memory}} {{.NanoCpus}} {{.PidsLimit}}{{end}}', 'seen'])).toBe('100663296 250000000 30');
    expect(await lab.ok(['stats', '--no-stream', '--format', '{{.MemUsage}}', 'seen'])).toContain('/ 96MiB');
    expect((await lab.docker(['update', '-m', '1m', 'seen'])).stderr).toContain('Minimum memory limit allowed is 6MB');
    expect((await lab.docker(['update', '-m', '512m', 'seen'])).stderr).toMatch(/Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time/);
    await lab.ok('rm -f seen');
  });

  test('of one that does not run there is nothing', async () => {
    await lab.ok('create --name still busybox true');
    expect(await lab.ok(['stats', '--no-stream', '--format', '{{.Name}} {{.CPUPerc}} {{.PIDs}}', 'still'])).toBe('still 0.00% 0');
    expect(await lab.ok('update --restart always still')).toBe('still');
    expect(await lab.ok(['inspect', '--format', '{{.HostConfig.RestartPolicy.Name}}', 'still'])).toBe('always');
    await lab.ok('rm still');
  });
});
