// Rule 6: a lab at its limit is not felt by another. Rule 8: what hangs does not hang the machine, and disposing always comes to an end.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cgroups } from '../../runtime/broker/cgroup.ts';
import { startTime } from '../../runtime/broker/process.ts';
import { uidBaseOf, takenUids } from '../../runtime/broker/uids.ts';
import { instance } from '../../runtime/paths.ts';
import { broker, collect, makeHost, smallLimits, until, type TestHost } from '../kernel/host.ts';

describe('a lab at its limit', () => {
  let greedy: TestHost;
  let neighbour: TestHost;
  beforeAll(async () => {
    greedy = await makeHost({ profile: 'full', limits: { pids: 100, memoryBytes: 256 * 1024 ** 2, diskBytes: 128 * 1024 ** 2 } });
    neighbour = await makeHost();
  });
  afterAll(async () => {
    await greedy?.dispose();
    await neighbour?.dispose();
  });
  const neighbourWorks = async () => expect(await neighbour.sh('echo fine; sleep 0.01 & wait; echo x > /root/f && cat /root/f')).toMatchObject({ stdout: 'fine\nx\n', end: { kind: 'exited', code: 0 } });

  test('has uids that no other lab has', () => {
    expect(greedy.uidBase).not.toBe(neighbour.uidBase);
    expect(takenUids().map(range => uidBaseOf(range.index))).toEqual(expect.arrayContaining([greedy.uidBase, neighbour.uidBase]));
  });

  test('of processes cannot fork more, and its neighbour can', async () => {
    const bomb = await greedy.start({ argv: ['/bin/bash', '-c', 'for i in $(seq 300); do sleep 100 & done 2>/dev/null; jobs -r | wc -l; echo full; wait'] });
    bomb.go();
    await until(() => readProcesses(greedy) >= 95, 'the lab is full of processes');
    expect(readProcesses(greedy)).toBeLessThanOrEqual(100);
    await neighbourWorks();
    await greedy.broker.call('killCgroup', { ...greedy.ref, cgroup: 'init' }).catch(() => undefined); // its init too: the host is over
    await greedy.dispose();
    greedy = await makeHost({ profile: 'full', limits: { pids: 100, memoryBytes: 256 * 1024 ** 2, diskBytes: 128 * 1024 ** 2 } });
  });

  test('of memory loses the process that wanted more', async () => {
    const { end } = await greedy.sh(`perl -e 'my $x = "x" x 400_000_000; print length $x'`);
    expect(end).toEqual({ kind: 'exited', code: 137 });
    await neighbourWorks();
  });

  test('of disk gets "no space" or "quota exceeded", and its neighbour does not', async () => {
    const { stderr, end } = await greedy.sh('dd if=/dev/urandom of=/root/big bs=1M count=200 conv=fsync');
    expect(end).not.toEqual({ kind: 'exited', code: 0 });
    expect(stderr).toMatch(/Disk quota exceeded|No space left/);
    await neighbourWorks();
    await greedy.sh('rm -f /root/big; sync');
  });

  test('of inotify instances leaves the machine’s other users theirs', async () => {
    const hog = await greedy.start({ argv: ['/usr/bin/perl', '-e', '$| = 1; my $n = 0; while (syscall(253) >= 0) { $n++ } print "$n\\n"; sleep 100'] });
    const got = new Promise<string>(resolve => hog.once('output', (_, data) => resolve(data.toString())));
    hog.go();
    expect(Number(await got)).toBeGreaterThan(50);
    expect((await neighbour.sh(`perl -e 'exit(syscall(253) >= 0 ? 0 : 1)'`)).end).toEqual({ kind: 'exited', code: 0 });
    hog.signal(9);
  });

  test('of what the kernel counts for all, terminals and cgroups, cannot have more than any use', async () => {
    const hogs: [what: string, script: string][] = [
      ['terminals', 'my @t; for (1 .. 4000) { open(my $t, "+<", "/dev/ptmx") or last; push @t, $t } print "got them\\n"; sleep 100'],
      ['cgroups', 'chdir "/sys/fs/cgroup/memory" or chdir "/sys/fs/cgroup"; mkdir "hog" or die; for (1 .. 3000) { mkdir "hog/$_" or do { print "no more: $!\\n"; exit 7 } } sleep 100'],
    ];
    for (const [what, script] of hogs) {
      const hog = await makeHost();
      const { end } = await hog.sh(`ulimit -n 8192; exec perl -e '$| = 1; ${script}'`);
      expect(what === 'cgroups' && cgroups.system.version === 'v2' ? end : end.kind, what).toEqual(cgroups.system.version === 'v2' && what === 'cgroups' ? { kind: 'exited', code: 7 } : 'lost');
      await neighbourWorks();
      await hog.dispose();
    }
  });

  test('of user namespaces leaves others theirs', async () => {
    const hog = await greedy.start({ argv: ['/usr/bin/perl', '-e', '$| = 1; my $n = 0; while (syscall(272, 0x04000000) >= 0) { $n++ } print "$n\\n"; sleep 100'] }); // unshare(CLONE_NEWUTS)
    const got = new Promise<string>(resolve => hog.once('output', (_, data) => resolve(data.toString())));
    const timeout = new Promise<string>(resolve => setTimeout(() => resolve('many'), 5000));
    hog.go();
    await Promise.race([got, timeout]);
    await neighbourWorks();
    hog.signal(9);
  });
});

const cgroups = new Cgroups(instance);
const readProcesses = (host: TestHost) => cgroups.processes(host.ref.lab).length;

test('no host can be named so that it has the cgroups of helpers or of a gate', async () => {
  const client = broker();
  for (const host of ['helpers', 'gate-h1']) await expect(client.call('createHost', { lab: 'named', host, hostname: 'h', profile: 'strict', limits: smallLimits })).rejects.toThrow();
  client.close();
});

describe('disposing of a lab', () => {
  const names = (host: TestHost) => [...cgroups.directories(host.ref.lab)];
  async function disposes(host: TestHost) {
    const pids = cgroups.processes(host.ref.lab);
    expect(pids.length).toBeGreaterThan(0);
    await host.dispose();
    expect(pids.filter(pid => startTime(pid) !== undefined && readFileSync(`/proc/${pid}/status`, 'utf8').includes(`Uid:\t${host.uidBase}`))).toEqual([]);
    for (const dir of names(host)) expect(() => readdirSync(dir)).toThrow('ENOENT');
  }

  test('that has frozen its own cgroups ends it', async () => {
    const host = await makeHost();
    const task = await host.start({ argv: ['/bin/bash', '-c', `sleep 1000 & mkdir -p /sys/fs/cgroup/freezer/x /sys/fs/cgroup/x 2>/dev/null
      for d in /sys/fs/cgroup/freezer/x /sys/fs/cgroup/x; do [ -e $d/cgroup.procs ] && echo $! > $d/cgroup.procs; done
      [ -e /sys/fs/cgroup/freezer/x/freezer.state ] && echo FROZEN > /sys/fs/cgroup/freezer/x/freezer.state || echo 1 > /sys/fs/cgroup/x/cgroup.freeze
      echo frozen; wait`] });
    const frozen = new Promise<void>(resolve => task.once('output', () => resolve()));
    task.go();
    await frozen;
    await disposes(host);
  });

  test('that hides in cgroups below one another, deeper than any path is long, ends it', async () => {
    const host = await makeHost();
    const { stdout } = await host.sh(`for h in /sys/fs/cgroup/pids /sys/fs/cgroup/freezer /sys/fs/cgroup; do [ -e $h/cgroup.procs ] || continue
      perl -e 'chdir shift; for (1 .. 25) { my $d = "x" x 250; mkdir $d or last; chdir $d } my $p = fork; exec "sleep", "1000" unless $p; open(my $f, ">", "cgroup.procs"); print $f $p; close $f; if (open($f, "+<", "freezer.state")) { print $f "FROZEN" } print "hidden\n"' $h >&2 || exit 1; done; echo done`);
    expect(stdout).toBe('done\n');
    await disposes(host);
  });

  test('whose processes are stopped ends it', async () => {
    const host = await makeHost();
    const task = await host.start({ argv: ['/bin/bash', '-c', 'sleep 1000 & kill -STOP $!; echo stopped; kill -STOP $$'] });
    const stopped = new Promise<void>(resolve => task.once('output', () => resolve()));
    task.go();
    await stopped;
    await disposes(host);
  });

  test('with mounts upon mounts and namespaces kept by files ends it', async () => {
    const host = await makeHost({ profile: 'full' });
    await host.sh('for i in $(seq 20); do mkdir -p /mnt/$i && mount -t tmpfs x /mnt/$i; done; touch /run/ns && mount --bind /proc/self/ns/net /run/ns; ip netns add kept; unshare --net --mount sleep 1000 >/dev/null 2>&1 &');
    await disposes(host);
  });

  test('twice is no error', async () => {
    const host = await makeHost();
    await host.broker.call('disposeLab', { lab: host.ref.lab });
    await host.dispose();
  });

  test('a helper that hangs is ended at its deadline although the lab has frozen what it can', async () => {
    const host = await makeHost();
    const helper = await host.start({ argv: ['busybox', 'sleep', '1000'], cgroup: 'helper', deadlineMs: 500 });
    const ran = collect(helper);
    helper.go();
    await host.sh('for f in $(find /sys/fs/cgroup -name freezer.state -o -name cgroup.freeze); do (echo FROZEN > $f; echo 1 > $f) 2>/dev/null; done', { deadlineMs: 2000 }).catch(() => undefined);
    expect((await ran).end).toEqual({ kind: 'exited', code: 137 });
    await disposes(host);
  });
});
