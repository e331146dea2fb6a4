import { describe, expect, test } from 'vitest';
import { Configuration } from './encode.ts';
import { planHost, type HostSources } from './host-plan.ts';

const sources: HostSources = { stage: '/stage', workstation: '/pool/workstation/w', disk: '/pool/labs/l/h', layers: '/pool/store/layers', toolbox: '/assets/toolbox', api: '/run/l/h/api', logs: '/pool/records/l/logs/h', hostname: 'host1', cgroup: { version: 'v2' } };

describe('the plan of a host', () => {
  const plan = planHost(sources);

  test('shares only what is read-only, and never with devices', () => {
    const writable = plan.trees.filter(tree => !(tree.set & 1) && !tree.source.startsWith('/dev/'));
    expect(writable.map(tree => tree.source)).toEqual([sources.disk]);
    expect(plan.trees.filter(tree => !(tree.set & 4) && !tree.source.startsWith('/dev/'))).toEqual([]);
  });

  test('shows ids of disks and layers through the idmap, and those of the machine’s own files not', () => {
    expect(plan.trees.filter(tree => tree.idmapped).map(tree => tree.source)).toEqual([sources.workstation, sources.layers, sources.disk]);
  });

  test('binds no device but the harmless ones', () => {
    expect(plan.trees.filter(tree => tree.source.startsWith('/dev/')).map(tree => tree.source)).toEqual(['null', 'zero', 'full', 'random', 'urandom', 'tty'].map(name => `/dev/${name}`));
  });

  test('ends by leaving everything else behind', () => {
    expect(plan.inner.slice(-2)).toEqual([{ do: 'pivot', path: '/stage/root' }, { do: 'mount', type: '', source: 'none', target: '/', flags: 0x104000, data: '' }]);
  });

  test('mounts one cgroup2 on v2 and each hierarchy on v1', () => {
    const cgroups = (p: typeof plan) => p.inner.filter(step => step.do === 'mount' && step.type.startsWith('cgroup')).map(step => step.do === 'mount' && `${step.type} ${step.data}`);
    expect(cgroups(plan)).toEqual(['cgroup2 ']);
    expect(cgroups(planHost({ ...sources, cgroup: { version: 'v1', hierarchies: ['memory', 'cpu,cpuacct', 'name=systemd'] } }))).toEqual(['cgroup memory', 'cgroup cpu,cpuacct', 'cgroup none,name=systemd']);
  });
});

describe('the configuration of the native program', () => {
  test('is strings with their length and a NUL', () => {
    expect(new Configuration().add('ab', 7, true).encode().toString('latin1')).toBe('\x02\0\0\0ab\0\x01\0\0\x007\0\x01\0\0\x001\0');
  });

  test('tells how long a block of steps is, so that it can be passed over', () => {
    const strings = decode(new Configuration().steps([{ do: 'mkdir', path: '/a', mode: 0o755 }, { do: 'run', argv: ['ip', 'link'], netns: '/n', stdin: 'x' }]).encode());
    expect(strings).toEqual(['10', '2', 'mkdir', '/a', '493', 'run', '/n', 'x', '2', 'ip', 'link']);
  });
});

function decode(bytes: Buffer): string[] {
  const out: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = bytes.readUInt32LE(at);
    out.push(bytes.subarray(at + 4, at + 4 + size).toString());
    at += 5 + size;
  }
  return out;
}
