// Reading a lab's files from outside: whatever the engine asks, and whatever the lab has put there, only that lab's own files are read.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHost, until, type TestHost } from '../kernel/host.ts';

let host: TestHost;
let other: TestHost;
beforeAll(async () => { host = await makeHost(); other = await makeHost(); });
afterAll(async () => { await host?.dispose(); await other?.dispose(); });

const read = async (path: string, pid = 0, maxBytes = 4000, from = host) => {
  const [type, mode, owner, , size, , content] = (await from.broker.call('readFiles', { ...from.ref, files: [{ pid, path, maxBytes }] })).trim().split(' ');
  return { type, mode, owner, size, text: content?.startsWith('=') ? Buffer.from(content.slice(1), 'base64').toString('utf8') : null };
};

test('the lab\'s files are read with the lab\'s numbers', async () => {
  await host.sh('echo hidden > /root/secret; chmod 600 /root/secret; chown 33:33 /root/secret');
  expect(await read('/root/secret')).toEqual({ type: 'f', mode: '600', owner: '33', size: '7', text: 'hidden\n' });
});

test('processes outside the lab, and of another lab, have no root to read from', async () => {
  const outside = mkdtempSync('/var/tmp/slipway-outside-');
  try {
    writeFileSync(join(outside, 'open'), 'of the machine', { mode: 0o644 });
    for (const pid of [1, process.pid, process.ppid, other.initPid]) expect((await read(join(outside, 'open'), pid)).type, String(pid)).toBe('?');
  } finally {
    rmSync(outside, { recursive: true });
  }
  await other.sh('echo theirs > /root/secret');
  expect((await read('/root/secret', other.initPid)).type).toBe('?');
  expect((await read('/root/secret', host.initPid)).text).toBe('hidden\n');
});

test('links stay in the lab, and neither the kernel\'s files nor devices, pipes and sockets are opened', async () => {
  await host.sh(['ln -s ../../../../../../../../../../../../etc/hostname /root/up', 'ln -s /proc/1/root/../../etc/hostname /root/magic', 'ln -s /proc/self/status /root/self', 'mkfifo /root/pipe', 'ln -s /dev/zero /root/zero', 'ln -s nowhere /root/dead'].join('; '));
  expect((await read('/root/up')).text).toBe('host1\n');
  for (const path of ['/root/magic', '/root/self', '/proc/1/environ', '/sys/kernel/uevent_seqnum', '/root/../../proc/version']) expect(['.', 'l'], path).toContain((await read(path)).type);
  for (const path of ['/root/pipe', '/root/zero']) expect(await read(path), path).toMatchObject({ text: null });
  expect(await read('/root/dead')).toMatchObject({ type: 'l', text: null });
});

test('nothing that the lab does to a file makes a reader wait', async () => {
  await host.sh('truncate -s 1T /root/huge; echo x > /root/leased; mkdir -p /root/deep$(printf "/d%.0s" $(seq 300)); mount -t tmpfs none /mnt; echo covered > /mnt/x');
  expect((await host.sh(`perl -e 'open(my $f, "<", "/root/leased"); exit(fcntl($f, 1024, 1) ? 1 : 0)'`)).end).toEqual({ kind: 'exited', code: 0 }); // no lease is given to a lab
  const begun = Date.now();
  expect((await read('/root/huge')).size).toBe(String(2 ** 40));
  expect((await read('/root/leased')).text).toBe('x\n');
  expect((await read(`/root/deep${'/d'.repeat(300)}`)).type).toBe('d');
  expect((await read('/mnt/x')).text).toBe('covered\n');
  expect(Date.now() - begun).toBeLessThan(3_000);
});

test('a lab that hides in hundreds of cgroups does not make the broker search them all', async () => {
  const look = async () => {
    const begun = performance.now();
    const { processes } = await host.broker.call('processes', { ...host.ref, cgroup: '' });
    return { tookMs: performance.now() - begun, pids: processes.map(process => process.pid) };
  };
  expect((await look()).pids).toContain(host.initPid);
  const place = readFileSync('/proc/self/cgroup', 'utf8').startsWith('0::/') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';
  await host.sh(`cd ${place} && for i in $(seq 5); do mkdir many$i && (cd many$i && mkdir $(seq 100)); done`);
  const { tookMs } = await look();
  expect(tookMs).toBeLessThan(2_000); // a loaded machine: what matters is that it does not grow with what the lab makes
  await host.sh(`cd ${place} && for i in $(seq 5); do rmdir many$i/[0-9]* many$i; done`);
});

test('readers end, and leave nothing', async () => {
  await Promise.all(Array.from({ length: 40 }, () => read('/etc/hostname')));
  await until(() => helpers().length === 0, 'no reader is left');
});

const helpers = () => (readFileSync('/proc/self/cgroup', 'utf8').startsWith('0::/') ? ['/sys/fs/cgroup'] : ['/sys/fs/cgroup/pids'])
  .flatMap(root => { try { return readFileSync(join(root, `slipway-${process.env.SLIPWAY_INSTANCE}`, host.ref.lab, 'helpers', 'cgroup.procs'), 'utf8').split('\n').filter(Boolean); } catch { return []; } });
