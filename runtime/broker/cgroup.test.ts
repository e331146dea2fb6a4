import { expect, test } from 'vitest';
import { findCgroups } from './cgroup.ts';

const line = (mount: string, type: string, options: string) => `30 20 0:26 / ${mount} rw,relatime shared:9 - ${type} ${type} ${options}`;

test('pure v2 is one hierarchy', () => {
  expect(findCgroups(line('/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate'))).toEqual({ version: 'v2', hierarchies: [{ name: '', mount: '/sys/fs/cgroup' }] });
});

test('a hybrid machine is v1, its unified tree left alone', () => {
  const mountinfo = [line('/sys/fs/cgroup/memory', 'cgroup', 'rw,memory'), line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'), line('/sys/fs/cgroup/systemd', 'cgroup', 'rw,xattr,release_agent=/lib/x,name=systemd'), line('/sys/fs/cgroup/unified', 'cgroup2', 'rw')].join('\n');
  expect(findCgroups(mountinfo)).toEqual({ version: 'v1', hierarchies: [{ name: 'memory', mount: '/sys/fs/cgroup/memory' }, { name: 'cpu,cpuacct', mount: '/sys/fs/cgroup/cpu,cpuacct' }, { name: 'name=systemd', mount: '/sys/fs/cgroup/systemd' }] });
});

test('a machine without cgroups is told so', () => {
  expect(() => findCgroups('')).toThrow('no cgroup hierarchy with a memory controller is mounted');
});
