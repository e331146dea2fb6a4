// The rules as a learner meets them through docker: names that point elsewhere (7), what a privileged container can do (2), what the host's own
// root can forge (9), and a client that asks for too much (5).
import { createServer, type Server } from 'node:net';
import { linkSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, eventually, type TestLab } from '../engine/lab.ts';
import { DOCKER_GID, LAB_UID_BASE, MAX_LABS, UIDS_PER_LAB } from '../../runtime/ids.ts';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { broker, collect } from '../kernel/host.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('security', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

/** A command on the lab's host, as its root. */
async function onHost(script: string) {
  const { socketPath } = await lab.engine.call('exec', { lab: lab.lab!.id, host: lab.lab!.hosts[0]!.id, argv: ['/bin/bash', '-c', script] });
  const connection = await ShimConnection.open(socketPath);
  const ran = collect(connection);
  connection.subscribe({ ring: false });
  connection.go();
  return ran;
}

describe('names of images', () => {
  let server: Server;
  let port: number;
  let connections = 0;
  beforeAll(async () => {
    server = createServer(socket => { connections++; socket.destroy(); });
    await new Promise<void>(resolve => server.listen(0, '0.0.0.0', resolve));
    port = (server.address() as { port: number }).port;
  });
  afterAll(() => { server.close(); });

  test.each(['127.0.0.1:PORT/x', 'localhost:PORT/x', '[::1]:PORT/x', '0.0.0.0:PORT/x', '169.254.169.254/latest', 'metadata.google.internal/x', '2130706433:PORT/x', 'localhost:PORT/x@sha256:' + 'a'.repeat(64)])('%s makes the engine dial nobody', async name => {
    const { code, stderr } = await lab.docker(['pull', name.replace('PORT', String(port))]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^(Error response from daemon: |invalid reference)/m);
    expect(connections).toBe(0);
  });
});

describe('a privileged container', () => {
  const inside = (script: string) => lab.docker(['run', '--rm', '--privileged', '--pid', 'host', '--network', 'host', '-v', '/:/host', 'busybox', 'sh', '-c', script]);

  test('is privileged within the lab: it sees the host’s processes and files', async () => {
    expect(await inside('cat /host/etc/hostname; ps | grep -q slipway-shim && echo sees')).toMatchObject({ stdout: 'host1\nsees\n', code: 0 });
  });

  test.each([
    ['loads no kernel module', 'insmod /host/etc/hostname'],
    ['writes no setting of the machine', 'echo x > /proc/sys/kernel/core_pattern'],
    ['triggers no sysrq', 'echo h > /proc/sysrq-trigger'],
    ['makes no device', 'mknod /host/root/disk b 254 0'],
    ['mounts no disk of the machine', 'mkdir -p /tmp/x; mount -t ext4 /dev/vda /tmp/x || mount -t ext4 /dev/sda /tmp/x'],
    ['sets no clock', 'date -s 2001-01-01; test $(date +%Y) = 2001'],
    ['reads no kernel log', 'dmesg'],
    ['mounts no debugfs', 'mkdir -p /tmp/d; mount -t debugfs d /tmp/d'],
    ['has no release agent of cgroups to set', 'mkdir -p /tmp/c; mount -t cgroup -o memory c /tmp/c && echo /x > /tmp/c/release_agent'],
    ['reboots nothing', 'reboot -f'],
  ])('%s', async (_, script) => {
    expect(await inside(`(${script}) 2>/dev/null; echo "ended with $?"`)).toMatchObject({ stdout: expect.stringMatching(/ended with [1-9]/), code: 0 });
  });

  test('has the lab’s uids in the machine’s eyes', async () => {
    await lab.ok(['run', '-d', '--name', 'priv', '--privileged', 'busybox', 'sleep', '98765']);
    const pid = await eventually(() => findProcess('98765'), found => found !== undefined, 'the program runs');
    const status = readFileSync(`/proc/${pid!}/status`, 'utf8');
    const uids = /^Uid:\t(.*)$/m.exec(status)![1]!.split('\t').map(Number);
    expect(uids.every(uid => uid >= LAB_UID_BASE && uid < LAB_UID_BASE + MAX_LABS * UIDS_PER_LAB), String(uids)).toBe(true);
    await lab.ok(['rm', '-f', 'priv']);
  });
});

describe('evidence', () => {
  test('is the engine’s: a docker of the learner’s own, or a forged record on the host, changes nothing', async () => {
    await lab.ok(['run', '-d', '--name', 'true-one', 'busybox', 'sleep', '1000']);
    await onHost('printf "#!/bin/sh\\necho forged\\n" > /usr/local/bin/docker; chmod +x /usr/local/bin/docker; mkdir -p /var/lib/docker/overlay2; echo "{}" > /var/lib/docker/overlay2/forged; docker run forged');
    const evidence = await lab.engine.call('evidence', { lab: lab.lab!.id, host: lab.lab!.hosts[0]!.id });
    expect(evidence.containers.map(c => c.Name)).toContain('/true-one');
    expect(JSON.stringify(evidence)).not.toContain('forged');
    await lab.ok(['rm', '-f', 'true-one']);
  });

  test('does not believe a shim that was killed: the container is not said to have succeeded', async () => {
    await lab.ok(['run', '-d', '--name', 'orphan', 'busybox', 'sleep', '1000']);
    await onHost('for p in /proc/[0-9]*; do [ "$(cat $p/comm)" = slipway-shim ] && [ "${p#/proc/}" != $PPID ] && kill -9 ${p#/proc/}; done; true');
    const deadline = Date.now() + 15_000;
    let state: { Status: string; ExitCode: number } = { Status: '', ExitCode: 0 };
    while (Date.now() < deadline) {
      state = JSON.parse(await lab.ok(['inspect', '-f', '{{json .State}}', 'orphan'])) as typeof state;
      if (state.Status !== 'running') break;
      await new Promise(resolve => setTimeout(resolve, 50));
    }
    expect(state.Status).toBe('exited');
    expect(state.ExitCode).not.toBe(0);
    await lab.ok(['rm', '-f', 'orphan']);
  });
});

describe('a client that asks for too much', () => {
  const post = (path: string, body: string | Buffer, headers: Record<string, string> = {}) => new Promise<number>((resolve, reject) => {
    const req = request({ socketPath: lab.socket, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }, res => { res.resume(); resolve(res.statusCode!); });
    req.on('error', error => ((error as NodeJS.ErrnoException).code === 'EPIPE' || (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? resolve(0) : reject(error)));
    req.end(body);
  });
  const works = async () => expect(await lab.ok(['run', '--rm', 'busybox', 'echo', 'works'])).toBe('works');

  test.each([
    ['broken JSON', '{"Image":'],
    ['JSON a thousand levels deep', `{"Image":${'['.repeat(1000)}${']'.repeat(1000)}}`],
    ['a prototype to poison', '{"Image":"busybox","__proto__":{"x":1},"Labels":{"__proto__":"y","constructor":"z"},"HostConfig":{"__proto__":{"Privileged":true}}}'],
    ['types that are wrong', '{"Image":7,"Cmd":{"a":1},"HostConfig":[]}'],
    ['20 MB of body', Buffer.alloc(20 << 20, 0x20)],
    ['a NUL in a path', JSON.stringify({ Image: 'busybox', Cmd: ['true'], WorkingDir: '/a\0b' })],
  ])('by %s gets an answer, and the next one is served', async (_, body) => {
    const status = await post('/v1.45/containers/create', body);
    expect(status).not.toBe(500);
    await works();
    for (const id of (await lab.ok(['ps', '-aq'])).split('\n').filter(Boolean)) await lab.docker(['rm', '-f', id]);
  });

  test.each<[string, object]>([
    ['thousands of mounts, each held against all others', { HostConfig: { Binds: Array.from({ length: 20_000 }, (_, n) => `v${n}:/${n}`) } }],
    ['a description too large to be kept', { Labels: { large: 'x'.repeat(2_000_000) } }],
  ])('by %s is refused', async (_, more) => {
    expect(await post('/v1.45/containers/create', JSON.stringify({ Image: 'busybox', ...more }))).toBe(400);
    expect(await lab.ok('volume ls -q')).toBe('');
  });

  test('by more containers, volumes and execs than anybody keeps is told to remove some', async () => {
    const flood = async (path: string, body: object) => {
      const statuses = new Set<number>();
      for (let n = 0; n < 10; n++) for (const status of await Promise.all(Array.from({ length: 10 }, () => post(path, JSON.stringify(body))))) statuses.add(status);
      return statuses;
    };
    const label = (bytes: number) => ({ Labels: { label: 'x'.repeat(bytes) } });
    expect(await flood('/v1.45/volumes/create', label(60_000))).toEqual(new Set([201, 400]));
    expect(await flood('/v1.45/containers/create', { Image: 'busybox', ...label(400_000) })).toEqual(new Set([201, 400]));
    await lab.ok('container prune -f');
    await lab.ok('run -d --name execs busybox sleep 1000');
    expect(await flood('/v1.45/containers/execs/exec', { Cmd: ['true', 'x'.repeat(200_000)] })).toEqual(new Set([201, 400]));
    await lab.ok('rm -f execs');
    await lab.ok('volume prune -af');
    await works();
  });

  test('by many half-sent bodies at once is told to try again, and the engine does not keep them', async () => {
    const halves = Array.from({ length: 30 }, () => request({ socketPath: lab.socket, path: '/v1.45/containers/create', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': 900_000 } }));
    const answers = halves.map(half => new Promise<number>(resolve => { half.on('response', answer => { answer.resume(); resolve(answer.statusCode!); }).on('error', () => resolve(0)); }));
    for (const half of halves) half.write(Buffer.alloc(899_999, 0x20));
    expect(await Promise.race(answers)).toBe(503);
    for (const half of halves) half.destroy();
    await works();
  });

  test('by a path that climbs finds nothing', async () => {
    for (const path of ['/v1.45/../../etc/passwd', '/containers/..%2f..%2fetc%2fpasswd/json', '/images/..%2f..%2f/json']) {
      let answer = await lab.api('GET', path);
      if (answer.status === 301) answer = await lab.api('GET', String(answer.headers.location)); // as dockerd: the same path, cleaned
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
    }
  });
});

function findProcess(argument: string): number | undefined {
  const { readdirSync } = process.getBuiltinModule('node:fs');
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      if (argv.includes(argument) && argv[0] === 'sleep') return Number(name);
    } catch { /* gone */ }
  }
  return undefined;
}

test('a lab whose processes were ended, as those of one that takes what is everybody\'s, can be opened again', async () => {
  const own = await createTestLab('ended');
  try {
    const { id } = own.lab!;
    const client = broker();
    process.kill((await client.call('listHosts', {})).find(host => host.lab === id)!.initPid!, 'SIGKILL');
    client.close();
    await eventually(async () => (await own.engine.call('inspectLab', { lab: id })).state, state => state === 'suspended', 'the lab being known to have ended');
    expect(await own.engine.call('resumeLab', { lab: id })).toMatchObject({ state: 'running' });
    expect(await own.ok('ps -q')).toBe('');
  } finally {
    await own.dispose();
  }
});

describe('the docker socket is given to the host by root', () => {
  const at = () => `${lab.socket}.new`;
  const give = async () => {
    const client = broker();
    try {
      await client.call('ownSocket', { lab: lab.lab!.id, host: 'h1' });
      return 'given';
    } catch (error) {
      return (error as Error).message;
    } finally {
      client.close();
      rmSync(at(), { force: true });
    }
  };

  test('which follows no link, and gives away nothing but a socket of the engine', async () => {
    const precious = join(mkdtempSync(join(tmpdir(), 'slipway-own-')), 'precious');
    writeFileSync(precious, 'root\'s');
    symlinkSync(precious, at());
    expect(await give()).not.toBe('given');
    linkSync(precious, at().replace(/[^/]*$/, 'docker.sock.new'));
    expect(await give()).not.toBe('given');
    const server = createServer();
    await new Promise<void>(resolve => server.listen(at(), resolve)); // root's, as this test is
    expect(await give()).not.toBe('given');
    server.close();
    expect(statSync(precious).uid).toBe(0);
    rmSync(dirname(precious), { recursive: true });
  });

  test('and then only the host\'s root and its group docker may use it', async () => {
    const { uid, gid, mode } = statSync(lab.socket);
    expect([(uid - LAB_UID_BASE) % UIDS_PER_LAB, gid - uid, mode & 0o777]).toEqual([0, DOCKER_GID, 0o660]);
    expect((await onHost('su nobody -s /bin/sh -c "/usr/bin/docker ps" 2>&1')).stdout).toContain('permission denied');
  });
});
