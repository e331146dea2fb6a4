// Volumes, and the networks that every host has.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, normalise, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('volumes', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

const run = (...args: string[]) => lab.docker(['run', '--rm', ...args]);

describe('volumes', () => {
  test('what one container writes the next reads', async () => {
    expect(await lab.ok('volume create vo1')).toBe('vo1');
    await run('-v', 'vo1:/d', 'busybox', 'sh', '-c', 'echo hi > /d/f');
    expect((await run('-v', 'vo1:/d:ro', 'busybox', 'cat', '/d/f')).stdout).toBe('hi\n');
    expect((await run('--mount', 'type=volume,source=vo1,target=/e', 'busybox', 'cat', '/e/f')).stdout).toBe('hi\n');
    expect(await run('-v', 'vo1:/d:ro', 'busybox', 'touch', '/d/g')).toEqual({ stdout: '', stderr: 'touch: /d/g: Read-only file system\n', code: 1 });
    await lab.ok('volume rm vo1');
  });

  test('a removed volume is empty when it is made again', async () => {
    await run('-v', 'vo2:/d', 'busybox', 'touch', '/d/f');
    await lab.ok('volume rm vo2');
    expect((await run('-v', 'vo2:/d', 'busybox', 'ls', '/d')).stdout).toBe('');
    await lab.ok('volume rm vo2');
  });

  test('one in use is not removed', async () => {
    await lab.ok('run -d --name vouser -v vo3:/d busybox sleep 1000');
    const { stderr, code } = await lab.docker(['volume', 'rm', 'vo3']);
    expect([normalise(stderr), code]).toEqual(['Error response from daemon: remove vo3: volume is in use - [ID]\n', 1]);
    await lab.ok('rm -f vouser');
    await lab.ok('volume rm vo3');
  });

  test('--volumes-from takes over another container\'s, those it has from a third too', async () => {
    await lab.ok('create --name vf1 -v vo5:/d -v /anonymous busybox true');
    await lab.ok('create --name vf2 --volumes-from vf1 busybox true');
    await run('--volumes-from', 'vf2', 'busybox', 'sh', '-c', 'echo hi > /d/f; echo ho > /anonymous/g');
    expect((await run('--volumes-from', 'vf1', 'busybox', 'cat', '/d/f', '/anonymous/g')).stdout).toBe('hi\nho\n');
    expect(await run('--volumes-from', 'vf2:ro', 'busybox', 'touch', '/d/x')).toEqual({ stdout: '', stderr: 'touch: /d/x: Read-only file system\n', code: 1 });
    expect((await lab.docker(['create', '--volumes-from', 'nope', 'busybox', 'true'])).stderr).toBe('Error response from daemon: No such container: nope\n');
    expect((await lab.docker(['create', '--volumes-from', 'vf1:foo', 'busybox', 'true'])).stderr).toBe('Error response from daemon: invalid mode: foo\n');
    await lab.ok('rm -v vf1 vf2');
    await lab.ok('volume rm vo5');
  });

  test('a new volume has what the image has in its place, unless nocopy', async () => {
    expect((await run('-v', 'vo6:/bin', 'busybox', 'true')).code).toBe(0);
    expect((await run('-v', 'vo7:/etc:nocopy', 'busybox', 'ls', '/etc')).stdout.split('\n')).not.toContain('passwd');
    expect((await run('-v', 'vo6:/d', 'busybox', 'ls', '/d')).stdout.split('\n')).toContain('busybox');
    await lab.ok('volume rm vo6 vo7');
  });

  test('list, inspect and filters', async () => {
    await lab.ok('volume create --label a=b vo4');
    expect(await lab.ok('volume ls -q --filter label=a=b')).toBe('vo4');
    expect(await lab.ok('volume ls -q --filter name=vo4 --filter dangling=true')).toBe('vo4');
    expect(JSON.parse(await lab.ok('volume inspect vo4'))).toMatchObject([{ Name: 'vo4', Driver: 'local', Labels: { a: 'b' }, Options: null, Scope: 'local', Mountpoint: expect.stringMatching(/\/volumes\/vo4\/_data$/) }]);
    await lab.ok('volume rm vo4');
  });

  test.each([
    ['volume inspect nope', '[]\nError response from daemon: get nope: no such volume'], ['volume rm nope', 'Error response from daemon: get nope: no such volume'],
    ['volume create a!', 'Error response from daemon: create a!: "a!" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path'],
  ])('%s is refused', async (line, text) => {
    const { stdout, stderr, code } = await lab.docker(line.split(' '));
    expect([(stdout + stderr).trim(), code]).toEqual([text, 1]);
  });
});

describe('networks', () => {
  test('bridge, host and none are there', async () => {
    expect((await lab.ok(['network', 'ls', '--format', '{{.Name}} {{.Driver}} {{.Scope}}'])).split('\n')).toEqual(expect.arrayContaining(['bridge bridge local', 'host host local', 'none null local']));
  });

  test('inspect shows who is connected', async () => {
    const id = await lab.ok('run -d --name nwuser busybox sleep 1000');
    const [bridge] = JSON.parse(await lab.ok('network inspect bridge')) as [Record<string, any>];
    expect(bridge).toMatchObject({ Name: 'bridge', Driver: 'bridge', IPAM: { Config: [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }] } });
    expect(bridge.Containers[id]).toMatchObject({ Name: 'nwuser', IPv4Address: expect.stringMatching(/^172\.17\.0\.\d+\/16$/) });
    await lab.ok('rm -f nwuser');
  });

  test.each([
    ['network inspect nope', '[]\nError response from daemon: network nope not found'], ['network rm nope', 'Error response from daemon: network nope not found'],
    ['network rm bridge', 'Error response from daemon: bridge is a pre-defined network and cannot be removed'],
  ])('%s is refused', async (line, text) => {
    const { stdout, stderr, code } = await lab.docker(line.split(' '));
    expect([(stdout + stderr).trim().split('\n').filter(l => !l.startsWith('exit status')).join('\n'), code]).toEqual([text, 1]);
  });
});

// Recorded from dockerd 26.1.5.
describe('volumes with options', () => {
  test('one of type tmpfs is shared while somebody uses it, and empty for the next', async () => {
    await lab.ok('volume create -o type=tmpfs -o device=tmpfs -o o=size=4m,uid=1000 scratch');
    await lab.ok('run -d --name first -v scratch:/s busybox sleep 1000');
    await lab.ok('exec first touch /s/mark');
    expect(await lab.ok(['run', '--rm', '-v', 'scratch:/s', 'busybox', 'sh', '-c', 'ls /s; stat -c %u /s; df -k /s | tail -n 1'])).toMatch(/^mark\n1000\ntmpfs +4096 /);
    await lab.ok('rm -f first');
    expect(await lab.ok('run --rm -v scratch:/s busybox ls /s')).toBe('');
    expect(await lab.ok('volume rm scratch')).toBe('scratch');
  });

  test('one that shows a directory of the host leaves it alone when it is removed', async () => {
    await lab.ok('run --rm -v /shown:/d busybox touch /d/kept');
    await lab.ok('volume create -o type=none -o o=bind -o device=/shown shown');
    expect(await lab.ok('run --rm -v shown:/d busybox ls /d')).toBe('kept');
    await lab.ok('volume rm shown');
    expect(await lab.ok('run --rm -v /shown:/d busybox ls /d')).toBe('kept');
  });
});
