import { describe, expect, it } from 'vitest';
import { createBodySchema } from '../container/config.ts';
import type { ContainerRecord } from '../container/model.ts';
import { capabilitiesFor, DEFAULT_CAPABILITIES } from './capabilities.ts';
import { overrideEnvironment } from './environment.ts';
import { resources } from './resources.ts';
import { defaultSeccomp } from './seccomp.ts';
import { containerSpec, type Found } from './spec.ts';

const id = 'ab'.repeat(32);
const found: Found = { user: { uid: 0, gid: 0, additionalGids: [0] }, network: { path: '/run/docker/netns/x' }, pid: 'private', ipc: 'private', uts: 'private', cgroup: 'host', cgroupVersion: 'v1' };

function record(body: Record<string, unknown>, hostConfig: Record<string, unknown> = {}): ContainerRecord {
  const { HostConfig, NetworkingConfig: _n, MacAddress: _m, ...config } = createBodySchema.parse({ Image: 'busybox', ...body, HostConfig: hostConfig });
  return {
    id, name: 'x', created: '2026-01-01T00:00:00Z', imageId: 'sha256:0', layers: ['l1', 'l2'], path: 'true', args: [], config, hostConfig: HostConfig,
    endpoints: {}, mounts: [], state: { status: 'created', exitCode: 0, error: '' }, restartCount: 0, hasBeenStarted: false, stoppedByUser: false,
  };
}

describe('the OCI configuration of a container', () => {
  it('has Docker\'s default mounts, masked paths and 14 capabilities', () => {
    const spec = containerSpec(record({}), found);
    expect(spec.mounts.map(m => m.destination)).toEqual(['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup', '/dev/mqueue', '/dev/shm', '/etc/resolv.conf', '/etc/hostname', '/etc/hosts']);
    expect(spec.linux.maskedPaths).toContain('/proc/kcore');
    expect(spec.linux.readonlyPaths).toContain('/proc/sys');
    expect(spec.process.capabilities.effective).toEqual(DEFAULT_CAPABILITIES);
    expect(DEFAULT_CAPABILITIES).toHaveLength(14);
    expect(spec.linux.cgroupsPath).toBe(`/docker/${id}`);
    expect(spec.hostname).toBe(id.slice(0, 12));
  });

  it('gives a user other than root no effective capability, but the same bounding set', () => {
    const { capabilities } = containerSpec(record({}), { ...found, user: { uid: 1000, gid: 1000, additionalGids: [1000] } }).process;
    expect(capabilities.effective).toEqual([]);
    expect(capabilities.bounding).toEqual(DEFAULT_CAPABILITIES);
  });

  it('masks nothing and filters nothing of a privileged container', () => {
    const spec = containerSpec(record({}, { Privileged: true }), found);
    expect(spec.linux.maskedPaths).toEqual([]);
    expect(spec.linux.seccomp).toBeUndefined();
    expect(spec.mounts.find(m => m.destination === '/sys')!.options).toContain('rw');
    expect(spec.process.capabilities.bounding).toContain('CAP_SYS_ADMIN');
    expect(spec.process.capabilities.bounding).not.toContain('CAP_SYS_MODULE');
  });

  it('joins namespaces by path, and has none of its own where the host\'s are shared', () => {
    const spec = containerSpec(record({}), { ...found, network: 'host', pid: { path: '/proc/7/ns/pid' }, uts: 'host' });
    expect(spec.linux.namespaces).toEqual([{ type: 'mount' }, { type: 'pid', path: '/proc/7/ns/pid' }, { type: 'ipc' }]);
    expect(spec.hostname).toBeUndefined();
  });

  it.each([['no-new-privileges', true], ['no-new-privileges=true', true], ['no-new-privileges:true', true], ['no-new-privileges=false', false], ['label=disable', false]])('takes --security-opt %s as %s', (option, expected) => {
    expect(containerSpec(record({}, { SecurityOpt: [option] }), found).process.noNewPrivileges).toBe(expected);
  });

  it('passes on limits of memory, cpu and processes', () => {
    const { hostConfig } = record({}, { Memory: 64 << 20, NanoCpus: 5e8, PidsLimit: 7 });
    expect(resources(hostConfig, 'v1')).toEqual({ memory: { limit: 64 << 20 }, cpu: { quota: 50_000, period: 100_000 }, pids: { limit: 7 } });
  });
});

describe('capabilities', () => {
  it.each<[string[] | null, string[] | null, string[]]>([
    [null, ['ALL'], []],
    [['NET_ADMIN'], ['ALL'], ['CAP_NET_ADMIN']],
    [['cap_sys_time'], null, DEFAULT_CAPABILITIES],
    [null, ['chown'], DEFAULT_CAPABILITIES.filter(c => c !== 'CAP_CHOWN')],
  ])('with add %j and drop %j', (add, drop, expected) => {
    expect(capabilitiesFor(add, drop, false)).toEqual(expected);
  });

  it('refuses what is none, in Docker\'s words', () => {
    expect(() => capabilitiesFor(['FOO'], null, false)).toThrow('invalid CapAdd: unknown capability: "CAP_FOO"');
  });
});

describe('the default seccomp profile', () => {
  const allowed = (capabilities: string[]) => new Set(defaultSeccomp(capabilities).syscalls.filter(r => r.action === 'SCMP_ACT_ALLOW' && !r.args).flatMap(r => r.names));

  it('allows mount, setns and unshare with CAP_SYS_ADMIN alone', () => {
    for (const name of ['mount', 'setns', 'unshare', 'clone3']) {
      expect(allowed(DEFAULT_CAPABILITIES).has(name)).toBe(false);
      expect(allowed(['CAP_SYS_ADMIN']).has(name)).toBe(true);
    }
  });

  it('never allows what no capability of Docker\'s default opens', () => {
    for (const name of ['keyctl', 'add_key', 'kexec_load', 'userfaultfd', 'io_uring_setup', 'bpf', 'init_module']) expect(allowed(DEFAULT_CAPABILITIES).has(name)).toBe(false);
    for (const name of ['read', 'execve', 'openat', 'chroot']) expect(allowed(DEFAULT_CAPABILITIES).has(name)).toBe(true);
  });
});

describe('environment', () => {
  it('replaces in place, appends, and removes what has no value', () => {
    expect(overrideEnvironment(['A=1', 'B=2', 'C=3'], ['B=9', 'D=4', 'A'])).toEqual(['B=9', 'C=3', 'D=4']);
  });
});

describe('a seccomp profile of one\'s own', () => {
  const rules = (profile: unknown) => containerSpec(record({}, { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] }), found).linux.seccomp!;
  const names = (syscalls: unknown[]) => rules({ defaultAction: 'SCMP_ACT_ERRNO', syscalls }).syscalls.map(rule => rule.names[0]);

  it('is taken with its conditions: capabilities, architectures, kernels', () => {
    const rule = (name: string, more: object) => ({ names: [name], action: 'SCMP_ACT_ALLOW', ...more });
    expect(names([
      rule('a', { includes: { caps: ['CAP_CHOWN'] } }), rule('b', { includes: { caps: ['CAP_SYS_ADMIN'] } }), rule('c', { excludes: { caps: ['CAP_CHOWN'] } }),
      rule('d', { includes: { arches: ['s390x'] } }), rule('e', { excludes: { arches: ['s390x'] } }), rule('f', { includes: { minKernel: '4.8' } }), rule('g', { includes: { minKernel: '99.1' } }),
    ])).toEqual(['a', 'e', 'f']);
  });

  it('returns an error number only where there is an error', () => {
    expect(rules({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 }, { names: ['open'], action: 'SCMP_ACT_ALLOW', errnoRet: 13 }] }))
      .toMatchObject({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir'], errnoRet: 13 }, { names: ['open'] }] });
    expect(rules({ defaultAction: 'SCMP_ACT_ALLOW', defaultErrnoRet: 1 })).not.toHaveProperty('defaultErrnoRet');
  });

  it('maps architectures as Docker\'s own does', () => {
    const archMap = [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }, { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] }];
    expect(rules({ defaultAction: 'SCMP_ACT_ALLOW', archMap }).architectures).toHaveLength(2);
    expect(() => rules({ defaultAction: 'SCMP_ACT_ALLOW', archMap, architectures: ['SCMP_ARCH_X86'] })).toThrow('use either');
  });
});
