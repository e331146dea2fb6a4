// Every option that the client's own --help lists is in the table of options, and does what its row says.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RUN_OPTIONS } from '../../runtime/container/options.ts';
import { createTestLab, dockerd, type ClientVersion, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('options', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

/** Asked of a client that reaches no daemon, which then lists those for Windows too. */
const helpOf = (verb: string, client: ClientVersion) => lab.ok([verb, '--help'], { client, env: { DOCKER_HOST: 'unix:///nowhere' } });
const flagsOf = (help: string) => [...help.matchAll(/^\s+(?:-\w, )?--([a-z0-9-]+)/gm)].map(match => match[1]!);

describe('the table of options', () => {
  test.each([['run', 26], ['create', 26], ['run', 28], ['create', 28]] as const)('has every option of docker %s, client %i', async (verb, client) => {
    const flags = flagsOf(await helpOf(verb, client));
    expect(flags.length).toBeGreaterThan(80);
    expect(flags.filter(flag => !(flag in RUN_OPTIONS))).toEqual([]);
  });

  test('has no option that docker run lacks', async () => {
    const flags = [...flagsOf(await helpOf('run', 26)), ...flagsOf(await helpOf('run', 28))];
    expect(Object.keys(RUN_OPTIONS).filter(flag => !flags.includes(flag))).toEqual([]);
  });
});

/** For each option that is not wholly there, words that bring it about. */
const LACKING: Record<string, string[]> = {
  'blkio-weight': ['--blkio-weight=300'], 'blkio-weight-device': ['--blkio-weight-device=/dev/sda:300'], 'cap-add': ['--cap-add=SYS_TIME'],
  'cgroup-parent': ['--cgroup-parent=/init/x'], 'cpu-rt-period': ['--cpu-rt-period=1000'], 'cpu-rt-runtime': ['--cpu-rt-runtime=1000'], device: ['--device=/dev/null:/dev/x:r'],
  'device-cgroup-rule': ['--device-cgroup-rule=c 1:3 r'], gpus: ['--gpus=all'],
  'log-driver': ['--log-driver=syslog'], 'log-opt': ['--log-opt=max-size=1g'],
  'oom-score-adj': ['--oom-score-adj=-5'], 'security-opt': ['--security-opt=apparmor=mine'], 'storage-opt': ['--storage-opt=size=1g'],
};

/** The client itself loses these on their way; other clients may not. */
const BY_API: Record<string, Record<string, unknown>> = {
  'device-read-bps': { BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 1000 }] }, 'device-read-iops': { BlkioDeviceReadIOps: [{ Path: '/dev/sda', Rate: 1000 }] },
  'device-write-bps': { BlkioDeviceWriteBps: [{ Path: '/dev/sda', Rate: 1000 }] }, 'device-write-iops': { BlkioDeviceWriteIOps: [{ Path: '/dev/sda', Rate: 1000 }] },
  'kernel-memory': { KernelMemory: 100 << 20 },
};

// What the machine decides (cgroup v1 or v2) is tried in limits.test.ts.
const lacking = Object.entries(RUN_OPTIONS).flatMap(([flag, support]) => ('says' in support && !['memory-swappiness', 'oom-kill-disable'].includes(flag) && !(flag in BY_API) ? [{ flag, support }] : []));

describe.skipIf(dockerd)('what a lab cannot give is said', () => {
  test.each(lacking)('--$flag', async ({ flag, support }) => {
    const { stdout, stderr, code } = await lab.docker(['create', '--name', `op-${flag}`, ...LACKING[flag]!, 'busybox', 'true']);
    expect(stderr.replace(/\s+/g, ' ')).toContain(support.says.replace(/\s+/g, ' '));
    const isCreated = stdout.trim() !== '';
    if (support.is === 'refused') expect([code, isCreated]).toEqual([1, false]);
    if (support.is === 'warned') expect([code, isCreated, stderr.startsWith('WARNING: ')]).toEqual([0, true, true]);
  });

  test.each(Object.entries(BY_API))('--%s, asked by another client', async (flag, HostConfig) => {
    const { status, text } = await lab.api('POST', '/v1.41/containers/create', { Image: 'busybox', Cmd: ['true'], HostConfig });
    expect(status).toBe(RUN_OPTIONS[flag]!.is === 'refused' ? 400 : 201);
    expect(text).toContain((RUN_OPTIONS[flag] as { says: string }).says);
  });
});

// Recorded from dockerd 26.1.5.
describe('dockerd\'s own rules', () => {
  test.each([
    ['--cpu-period 100', 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
    ['--cpu-quota 100', 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    ['--cpuset-cpus x', 'Invalid value x for cpuset cpus: invalid format: x'],
    ['--cpuset-mems 5', 'Requested memory nodes are not available - requested 5, available: 0'],
    ['--ipc x', 'invalid IPC mode: x'],
    ['--isolation hyperv', 'Invalid isolation: "hyperv" - linux only supports \'default\''],
    ['--log-driver foo', 'error looking up logging plugin foo: plugin "foo" not found'],
    ['--log-opt foo=bar', 'unknown log opt \'foo\' for json-file log driver'],
    ['--memory 1m', 'Minimum memory limit allowed is 6MB'],
    ['--memory-reservation 1m', 'Minimum memory reservation allowed is 6MB'],
    ['--memory 100m --memory-reservation 200m', 'Minimum memory limit can not be less than memory reservation limit, see usage'],
    ['--memory 100m --memory-swap 50m', 'Minimum memoryswap limit should be larger than memory limit, see usage'],
    ['--memory-swap 50m', 'You should always set the Memory limit when using Memoryswap limit, see usage'],
    ['--oom-score-adj 5000', 'Invalid value 5000, range for oom score adj is [-1000, 1000]'],
    ['--runtime foo', 'unknown or invalid runtime name: foo'],
    ['--security-opt foo=bar', 'invalid --security-opt 2: "foo=bar"'],
    ['--security-opt no-new-privileges=x', 'invalid --security-opt 2: "no-new-privileges=x"'],
    ['--stop-signal X', 'invalid signal: X'],
    ['--storage-opt foo=1', 'Unknown option foo'],
    ['--pid container:nope', 'No such container: nope'],
    ['--uts host --hostname foo', 'conflicting options: hostname and the UTS mode'],
    ['--health-cmd true --health-interval 1us', 'Interval in Healthcheck cannot be less than 1ms'],
    ['--cap-add FOO', 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    ['--restart foo', 'invalid restart policy: unknown policy \'foo\'; use one of \'no\', \'always\', \'on-failure\', or \'unless-stopped\''],
    ['--restart on-failure:-1', 'invalid restart policy: maximum retry count cannot be negative'],
    ['--restart always:3', 'invalid restart policy: maximum retry count can only be used with \'on-failure\''],
  ])('create %s is refused', async (words, message) => {
    const { stderr, code } = await lab.docker(['create', ...words.split(' '), 'busybox', 'true']);
    expect([stderr, code]).toEqual([`Error response from daemon: ${message}\n`, 1]);
  });

  test('no container has more processors than the lab', async () => {
    const cpus = await lab.ok(['info', '--format', '{{.NCPU}}']);
    const { stderr, code } = await lab.docker(['create', '--cpus', `${Number(cpus) + 0.5}`, 'busybox', 'true']);
    expect([stderr, code]).toEqual([`Error response from daemon: Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available\n`, 1]);
    expect(await lab.ok(['run', '--rm', '--cpus', cpus, 'busybox', 'echo', 'ran'])).toBe('ran');
  });
});

/** All is allowed but this: how a profile of one's own usually begins. */
const SECCOMP = join(mkdtempSync(join(tmpdir(), 'slipway-seccomp-')), 'profile.json');
writeFileSync(SECCOMP, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] }));
afterAll(() => rmSync(dirname(SECCOMP), { recursive: true }));

// Recorded from dockerd 26.1.5.
describe('options that are real', () => {
  test.each<[string, string, string]>([
    ['--ipc none', 'ls -d /dev/mqueue; ls -d /dev/shm 2>&1', '/dev/mqueue|ls: /dev/shm: No such file or directory'],
    ['--device /dev/null:/dev/x', 'echo gone > /dev/x; cat /dev/x', ''],
    ['--sysctl net.ipv4.ip_forward=0', 'cat /proc/sys/net/ipv4/ip_forward', '0'],
    ['--group-add 7777', 'id -G', '0 7777'],
    ['-u 1000:1000 --group-add 7', 'id -u; id -g; id -G', '1000|1000|1000 7'],
    ['--userns host', 'echo ok', 'ok'],
    ['--cgroupns private', 'echo ok', 'ok'],
    ['--log-driver local', 'echo ok', 'ok'],
    ['--read-only --tmpfs /t', 'echo a > /t/a; cat /t/a; touch /x 2>&1', 'a|touch: /x: Read-only file system'],
    ['--hostname a --domainname b.c', 'hostname; cat /proc/sys/kernel/domainname', 'a|b.c'],
    ['--oom-score-adj 7', 'cat /proc/self/oom_score_adj', '7'],
    ['--security-opt no-new-privileges', 'grep NoNewPrivs /proc/self/status', 'NoNewPrivs:\t1'],
    ['--cap-drop ALL --cap-add chown', 'grep CapEff /proc/self/status', 'CapEff:\t0000000000000001'],
    ['--pid host', 'cat /proc/1/comm', 'init'],
    ['--hostname x.y.z', 'tail -n 1 /etc/hosts | cut -f 2', 'x.y.z x'],
    ['--cgroup-parent /mine', 'grep -c ^[0-9]*:.*:/mine/ /proc/self/cgroup | sed s/^[1-9][0-9]*$/there/', 'there'],
    ['--security-opt systempaths=unconfined', 'grep -c "^proc.* ro,\\|/proc/acpi" /proc/mounts', '0'],
    [`--security-opt seccomp=${SECCOMP}`, 'mkdir /x 2>&1; touch /y && echo touched', 'mkdir: can\'t create directory \'/x\': Operation not permitted|touched'],
    ['--ulimit core=0 --stop-signal USR1 --stop-timeout 3', 'ulimit -c', '0'],
  ])('%s', async (words, command, expected) => {
    const { stdout, stderr } = await lab.docker(['run', '--rm', ...words.split(' '), 'busybox', 'sh', '-c', command]);
    expect([stdout.trim().replaceAll('\n', '|'), stderr]).toEqual([expected, '']);
  });
});

test('client 28 hands its own socket to a container', async () => {
  expect(await lab.ok(['run', '--rm', '--use-api-socket', 'busybox', 'stat', '-c', '%F', '/var/run/docker.sock'], { client: 28 })).toBe('socket');
});
