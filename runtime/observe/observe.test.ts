// What the kernel's files and the reader's lines mean; names and texts in them are a learner's own choice.
import { expect, test } from 'vitest';
import { parseLine } from './files.ts';
import { capabilityNames, limitsIn, parseMounts, parseSockets } from './kernel.ts';
import { membersOf, parseStatus } from './processes.ts';

test('a process that names itself like a field of its status gains nothing', () => {
  const status = 'Name:\tCapEff: ffffffffffffffff\\nUid: 0\nUmask:\t0022\nPPid:\t17\nUid:\t101000\t101000\t101000\t101000\nNSpid:\t900\t12\t1\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t3\n';
  expect(parseStatus(status)).toEqual({ user: 101000, parent: 17, pids: [900, 12, 1], capabilities: 0xa80425fbn, noNewPrivileges: true, seccompFilters: 3 });
  expect(capabilityNames(0xa80425fbn)).toHaveLength(14);
  expect(capabilityNames(0xa80425fbn)).not.toContain('CAP_NET_ADMIN');
});

test.each([
  ['v1', { 'memory.limit_in_bytes': '67108864\n', 'cpu.cfs_quota_us': '50000\n', 'cpu.cfs_period_us': '100000\n', 'pids.max': '50\n' }, { memoryBytes: 67108864, cpus: 0.5, pids: 50 }],
  ['v2', { 'memory.max': '67108864\n', 'cpu.max': '50000 100000\n', 'pids.max': '50\n' }, { memoryBytes: 67108864, cpus: 0.5, pids: 50 }],
  ['v1 without limits', { 'memory.limit_in_bytes': '9223372036854771712\n', 'cpu.cfs_quota_us': '-1\n', 'cpu.cfs_period_us': '100000\n', 'pids.max': 'max\n' }, { memoryBytes: null, cpus: null, pids: null }],
  ['v2 without limits', { 'memory.max': 'max\n', 'cpu.max': 'max 100000\n', 'pids.max': 'max\n' }, { memoryBytes: null, cpus: null, pids: null }],
  ['nothing', {}, { memoryBytes: null, cpus: null, pids: null }],
])('limits, %s', (_name, files, wanted) => expect(limitsIn(files as Record<string, string>)).toEqual(wanted));

test('mounts: the last one at a place is seen, escapes are undone, a read-only file system counts', () => {
  const lines = ['22 1 0:20 / / rw,relatime - overlay overlay rw,lowerdir=/a', '23 22 0:21 / /a\\040b rw - tmpfs tmpfs rw', '24 22 0:22 / /data rw - ext4 /dev/x rw', '25 24 0:23 / /data ro,nosuid - ext4 /dev/x rw', '26 22 0:24 / /sys rw - sysfs sysfs ro', 'garbage', ''];
  expect(parseMounts(lines.join('\n'))).toEqual([{ at: '/', type: 'overlay', readOnly: false }, { at: '/a b', type: 'tmpfs', readOnly: false }, { at: '/data', type: 'ext4', readOnly: true }, { at: '/sys', type: 'sysfs', readOnly: true }]);
});

test('a process that was moved into a container\'s cgroup is none of its own; what its own have started is, in whatever namespaces', () => {
  const process = (outerPid: number, parent: number, pid: string, mnt: string, first = false) => ({ outerPid, parent, first, namespaces: { pid, mnt } });
  const own = [process(10, 1, 'c', 'c', true), process(11, 1, 'c', 'c'), process(12, 11, 'nested', 'nested')];
  expect(membersOf([...own, process(20, 2, 'lab', 'lab'), process(21, 20, 'lab', 'lab'), process(22, 2, 'c', 'lab')])).toEqual(own);
  expect(membersOf([process(20, 2, 'lab', 'lab')])).toEqual([]);
});

test('only sockets that wait', () => {
  const table = '  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A 0\n   1: 0100007F:1F90 00000000:0000 0A 0\n   2: 0100007F:A000 0100007F:0050 01 0\n';
  expect(parseSockets(table, 'tcp')).toEqual([{ port: 80, protocol: 'tcp', address: 'any' }, { port: 8080, protocol: 'tcp', address: 'local' }]);
  const table6 = ['00000000000000000000000001000000:1435', '00000000000000000000000000000000:0050', '0000000000000000FFFF00000100007F:1F90', 'FDDD000000000000000000000000000A:1F91'].map((local, at) => `   ${at}: ${local} 00000000000000000000000000000000:0000 0A 0`);
  expect(parseSockets(['  sl  local_address', ...table6, ''].join('\n'), 'tcp').map(({ port, address }) => `${port} ${address}`)).toEqual(['5173 local', '80 any', '8080 local', '8081 one']);
});

test.each([
  ['.', 0, { kind: 'none' }],
  ['?', 0, { kind: 'unknown' }],
  ['', 0, { kind: 'unknown' }],
  ['f 644 0 33 5 0 =aGVsbG8=', 100, { kind: 'file', type: 'file', link: false, mode: 0o644, owner: 0, group: 33, sizeBytes: 5, text: 'hello' }],
  ['f 644 0 0 5 0 -', 100, { kind: 'unknown' }], // somebody holds a lease on it
  ['f 644 0 0 5 1 -', 0, { kind: 'file', type: 'file', link: true, mode: 0o644, owner: 0, group: 0, sizeBytes: 5, text: null }],
  ['d 755 0 0 0 0 -', 100, { kind: 'file', type: 'directory', link: false, mode: 0o755, owner: 0, group: 0, sizeBytes: 0, text: null }],
  ['l 0 0 0 0 1 -', 100, { kind: 'file', type: 'link', link: true, mode: 0, owner: 0, group: 0, sizeBytes: 0, text: null }],
])('the reader says %s', (line, maxBytes, wanted) => expect(parseLine(line, maxBytes)).toEqual(wanted));
