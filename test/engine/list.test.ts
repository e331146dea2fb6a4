// docker ps: columns, statuses, filters, formats; docker inspect.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, type TestLab } from './lab.ts';

let lab: TestLab;
let ids: Record<'made' | 'ended' | 'up' | 'still', string>;
beforeAll(async () => {
  lab = await createTestLab('list', { pull: ['busybox'] });
  ids = {
    made: await lab.ok('create --name psmade --label team=red busybox echo hi'),
    ended: await lab.ok(['run', '-d', '--name', 'psended', '--label', 'team=blue', '--label', 'x', 'busybox', 'sh', '-c', 'exit 3']),
    up: await lab.ok('run -d --name psup -p 127.0.0.1:18081:80 -v psvol:/data busybox sleep 1000'),
    still: await lab.ok('run -d --name psstill --network none busybox sleep 1000'),
  };
  await lab.ok('wait psended');
  await lab.ok('pause psstill');
});
afterAll(async () => {
  await lab?.docker(['rm', '-f', 'psmade', 'psended', 'psup', 'psstill']);
  await lab?.docker(['volume', 'rm', 'psvol']);
  await lab?.dispose();
});

const names = async (...args: string[]) => (await lab.ok(['ps', '--format', '{{.Names}}', ...args])).split('\n').filter(name => name.startsWith('ps')).sort();

describe('ps', () => {
  test('shows what runs, and with -a everything', async () => {
    expect(await names()).toEqual(['psstill', 'psup']);
    expect(await names('-a')).toEqual(['psended', 'psmade', 'psstill', 'psup']);
  });

  test('the columns are Docker\'s', async () => {
    const lines = (await lab.ok('ps -a --filter name=^/ps')).split('\n');
    expect(lines[0]!.split(/\s{2,}/)).toEqual(['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES']);
    const rows = Object.fromEntries(lines.slice(1).map(line => line.split(/\s{2,}/)).map(cells => [cells.at(-1)!, cells]));
    expect(rows.psup).toEqual([ids.up.slice(0, 12), 'busybox', '"sleep 1000"', expect.stringMatching(/seconds? ago$/), expect.stringMatching(/^Up /), '127.0.0.1:18081->80/tcp', 'psup']);
    expect(rows.psmade!.slice(0, 3)).toEqual([ids.made.slice(0, 12), 'busybox', '"echo hi"']);
    expect(rows.psmade).toContain('Created');
    expect(rows.psended!.some(cell => /^Exited \(3\) .* ago$/.test(cell))).toBe(true);
    expect(rows.psstill!.some(cell => /^Up .* \(Paused\)$/.test(cell))).toBe(true);
  });

  test('the newest comes first', async () => {
    expect((await lab.ok(['ps', '-a', '--filter', 'name=^/ps', '--format', '{{.Names}}'])).split('\n')).toEqual(['psstill', 'psup', 'psended', 'psmade']);
  });

  test('-q, -l and -n', async () => {
    expect(await lab.ok('ps -q --filter name=^/psup$')).toBe(ids.up.slice(0, 12));
    expect(await lab.ok('ps -q --no-trunc --filter name=^/psup$')).toBe(ids.up);
    expect((await lab.ok('ps -aq -n 2')).split('\n')).toHaveLength(2);
    expect((await lab.ok('ps -lq')).split('\n')).toHaveLength(1);
  });

  test.each<[string, string[]]>([
    ['status=running', ['psup']], ['status=paused', ['psstill']], ['status=exited', ['psended']], ['status=created', ['psmade']],
    ['exited=3', ['psended']], ['exited=0', []],
    ['label=team', ['psended', 'psmade']], ['label=team=red', ['psmade']], ['label=x', ['psended']],
    ['name=psu', ['psup']], ['name=^psup$', ['psup']], ['name=^/psup$', ['psup']], ['name=nothing', []],
    ['ancestor=busybox', ['psended', 'psmade', 'psstill', 'psup']], ['ancestor=nothing', []],
    ['before=psup', ['psended', 'psmade']], ['since=psended', ['psstill', 'psup']],
    ['volume=psvol', ['psup']], ['volume=/data', ['psup']],
    ['network=none', ['psstill']], ['network=bridge', ['psended', 'psmade', 'psup']],
    ['publish=18081', ['psup']], ['expose=80', ['psup']], ['expose=81/udp', []],
    ['health=none', ['psended', 'psmade', 'psstill', 'psup']], ['is-task=false', ['psended', 'psmade', 'psstill', 'psup']],
  ])('the filter %s', async (filter, expected) => {
    expect(await names('-a', '--filter', filter)).toEqual(expected);
  });

  test('the filter id takes a prefix', async () => {
    expect(await names('-a', '--filter', `id=${ids.made.slice(0, 12)}`)).toEqual(['psmade']);
  });

  test('several values of a filter widen it, several filters narrow it', async () => {
    expect(await names('-a', '--filter', 'status=running', '--filter', 'status=exited')).toEqual(['psended', 'psup']);
    expect(await names('-a', '--filter', 'label=team', '--filter', 'status=created')).toEqual(['psmade']);
  });

  test.each([
    ['foo=bar', "invalid filter 'foo'"], ['status=bogus', "invalid filter 'status=bogus'"], ['exited=a', "invalid filter 'exited=a': strconv.Atoi: parsing \"a\": invalid syntax"],
    ['health=a', 'unrecognized filter value for health: a'], ['is-task=a', "invalid filter 'is-task=[a]'"], ['before=nothing', 'No such container: nothing'],
  ])('the filter %s is refused', async (filter, message) => {
    expect(await lab.docker(['ps', '--filter', filter])).toEqual({ stdout: '', stderr: `Error response from daemon: ${message}\n`, code: 1 });
  });

  test('formats: table, json, fields', async () => {
    expect((await lab.ok(['ps', '--filter', 'name=^/psup$', '--format', 'table {{.Names}}\t{{.State}}'])).split(/\s+/)).toEqual(['NAMES', 'STATE', 'psup', 'running']);
    expect(JSON.parse(await lab.ok(['ps', '--filter', 'name=^/psup$', '--format', 'json']))).toMatchObject({ Names: 'psup', State: 'running', Networks: 'bridge', Mounts: 'psvol', LocalVolumes: '1', Ports: '127.0.0.1:18081->80/tcp' });
    expect((await lab.ok(['ps', '-a', '--filter', 'name=^/psended$', '--format', '{{.Labels}}'])).split(',')).toEqual(expect.arrayContaining(['team=blue', 'x=']));
  });

  test('-s shows what a container has written', async () => {
    await lab.ok('exec psup sh -c echo>/written');
    expect(await lab.ok(['ps', '-s', '--filter', 'name=^/psup$', '--format', '{{.Size}}'])).toMatch(/^\d+(\.\d+)?k?B \(virtual \d+(\.\d+)?MB\)$/);
  });
});

describe('inspect', () => {
  test('has Docker\'s fields', async () => {
    const [inspected] = JSON.parse(await lab.ok('inspect psup')) as [Record<string, any>];
    expect(inspected).toMatchObject({
      Id: ids.up, Name: '/psup', Path: 'sleep', Args: ['1000'], RestartCount: 0, Driver: 'overlay2', Platform: 'linux', ExecIDs: null,
      State: { Status: 'running', Running: true, Paused: false, Restarting: false, OOMKilled: false, Dead: false, ExitCode: 0, Error: '', FinishedAt: '0001-01-01T00:00:00Z' },
      Config: { Image: 'busybox', Cmd: ['sleep', '1000'], Tty: false, OpenStdin: false, Hostname: ids.up.slice(0, 12) },
      HostConfig: { NetworkMode: expect.stringMatching(/^(bridge|default)$/), AutoRemove: false, RestartPolicy: { Name: 'no', MaximumRetryCount: 0 }, ShmSize: 67108864, PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18081' }] } },
      Mounts: [{ Type: 'volume', Name: 'psvol', Destination: '/data', Driver: 'local', RW: true }],
      NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '18081' }] }, IPAddress: expect.stringMatching(/^172\.17\.0\.\d+$/), Gateway: '172.17.0.1' },
    });
    expect(inspected.State.Pid).toBeGreaterThan(1);
    expect(inspected.Image).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(inspected.Created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
    expect(inspected.LogPath).toMatch(new RegExp(`/${ids.up}-json\\.log$`));
  });

  test('takes names, ids, prefixes, several at once, and formats', async () => {
    expect(await lab.ok(['inspect', '-f', '{{.Name}} {{.State.ExitCode}}', 'psended', ids.made.slice(0, 12)])).toBe('/psended 3\n/psmade 0');
  });

  test('--size adds what was written', async () => {
    expect(Number(await lab.ok(['inspect', '-s', '-f', '{{.SizeRootFs}}', 'psup']))).toBeGreaterThan(1_000_000);
  });
});
