// docker version and info from both clients, what this engine does not have, and what the journal tells of a learner's calls.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../runtime/lab/control.ts';
import { createTestLab, dockerd, eventually, type TestLab } from './lab.ts';

describe.skipIf(dockerd)('the engine', () => {
  let lab: TestLab;
  beforeAll(async () => { lab = await createTestLab('system', { pull: ['busybox'] }); });
  afterAll(() => lab?.dispose());

  test.each([26, 28] as const)('version and info are right in client %d', async client => {
    const version = await lab.ok('version', { client });
    expect(version).toMatch(/Server[^]*Engine:\s+Version:\s+26\.1\.5\+slipway\s+API version:\s+1\.45 \(minimum version 1\.24\)/);
    const { stdout, stderr, code } = await lab.docker(['info'], { client });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/Server Version: 26\.1\.5\+slipway\n Storage Driver: overlay2\n/);
    expect(stdout).toMatch(/Cgroup Driver: cgroupfs\n Cgroup Version: [12]\n/);
    expect(stdout).toMatch(/ Name: host1\n/);
    expect(stdout).not.toMatch(/WARNING|ERROR/);
    expect(await lab.ok(['info', '-f', '{{.NCPU}} {{.MemTotal}}'], { client })).toBe(`${Math.ceil(lab.lab!.limits.cpus)} ${lab.lab!.limits.memoryBytes}`);
    expect(await lab.ok(['system', 'info', '-f', '{{.Images}}'], { client })).toBe('1');
  });

  test('client 28 runs, execs and lists as 26 does', async () => {
    const options = { client: 28, stdin: 'hi\n' } as const;
    expect(await lab.docker(['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo err >&2; exit 7'], options)).toEqual({ stdout: 'hi\n', stderr: 'err\n', code: 7 });
    await lab.ok('run -d --name s28 busybox sleep 1000', options);
    expect(await lab.docker(['exec', '-i', 's28', 'cat'], options)).toEqual({ stdout: 'hi\n', stderr: '', code: 0 });
    expect(await lab.ok(['ps', '--format', '{{.Names}}'], options)).toBe('s28');
    expect((await lab.docker(['rm', 's28'], options)).stderr).toMatch(/cannot remove container "\/?s28": container is running: stop the container before removing or force remove/);
    expect((await lab.docker(['run', '--rm', 'busybox', 'nosuch'], options)).code).toBe(127);
    await lab.ok('rm -f s28', options);
    expect(await lab.docker(['start', 'nope'], options)).toMatchObject({ code: 1, stderr: expect.stringContaining('No such container: nope') });
  });

  test('system df counts', async () => {
    const lines = (await lab.ok('system df')).split('\n').map(line => line.split(/\s{2,}/));
    expect(lines[0]).toEqual(['TYPE', 'TOTAL', 'ACTIVE', 'SIZE', 'RECLAIMABLE']);
    expect(lines[1]!.slice(0, 3)).toEqual(['Images', '1', '0']);
  });

  test.each([
    ['swarm init', /no swarm mode/], ['node ls', /This node is not a swarm manager/],
  ])('%s says in words that it is not there', async (line, text) => {
    const { stderr, code } = await lab.docker(line.split(' '), { env: { DOCKER_BUILDKIT: '0' }, stdin: 'FROM busybox\n' });
    expect([code, stderr]).toEqual([1, expect.stringMatching(text)]);
  });

  test('the journal has the attempts that failed, with Docker\'s words', async () => {
    const entries: JournalEntry[] = [];
    const journal = lab.engine.call('journal', { lab: lab.lab!.id, host: lab.lab!.hosts[0]!.id, since: 0 }, { onItem: entry => entries.push(entry) });
    journal.catch(() => {}); // it ends with the connection
    await lab.ok('run -d --name sjournal busybox sleep 1000');
    await lab.docker(['rm', 'sjournal']);
    await lab.docker(['start', 'nothing']);
    await lab.docker(['exec', 'sjournal', 'nosuch']);
    const call = (wanted: (call: Extract<JournalEntry, { kind: 'call' }>['call']) => boolean) => eventually(() => entries.find(e => e.kind === 'call' && wanted(e.call)), e => e !== undefined, 'the entry');
    expect(await call(c => c.method === 'DELETE' && c.path === '/containers/sjournal')).toMatchObject({ call: { status: 409, message: expect.stringContaining('container is running'), container: { name: 'sjournal' } } });
    expect(await call(c => c.path === '/containers/nothing/start')).toMatchObject({ call: { status: 404, message: 'No such container: nothing' } });
    expect(await call(c => c.path.startsWith('/exec/') && c.method === 'POST' && c.container?.name === 'sjournal')).toMatchObject({ call: { message: expect.stringContaining('executable file not found in $PATH'), container: { name: 'sjournal' } } });
    expect(entries.some(e => e.kind === 'call' && e.call.path === '/_ping')).toBe(false);
    expect(entries.some(e => e.kind === 'event' && e.event.Action === 'start')).toBe(true);
    await lab.ok('rm -f sjournal');
  });
});
