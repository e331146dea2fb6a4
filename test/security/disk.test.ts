// A lab cannot take disk that is not counted: btrfs lets everybody make subvolumes, which have a quota of their own (none), so labs cannot make any; and the pool's
// counting, once it is lost, is taken up again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { qgroupsDir } from '../../runtime/broker/figures.ts';
import { createTestLab, outputOf, type TestLab } from '../engine/lab.ts';

const labs: TestLab[] = [];
beforeAll(async () => { for (const profile of ['strict', 'full'] as const) labs.push(await createTestLab(`disk-${profile}`, { profile, pull: ['busybox'] })); });
afterAll(async () => { for (const lab of labs) await lab.dispose(); });

const NUMBERS = { 'a subvolume': 0x5000940e, 'a snapshot': 0x50009401, 'a subvolume, the new way': 0x50009418, 'a snapshot, the new way': 0x50009417, 'the removal of one': 0x5000940f };
/** Says of each whether it was refused before btrfs heard of it. */
const tries = `opendir my $d, "/var/lib/docker"; open my $f, "<", "/var/lib/docker"; for (${Object.values(NUMBERS).join(',')}) { my $a = pack("q a4088", fileno($f), "evil"); print ioctl($f, $_, $a) ? "made" : $!, "\\n" }`;
const refused = Object.keys(NUMBERS).map(() => 'Operation not permitted').join('\n');

test.each([0, 1])('neither its terminal nor a privileged container makes subvolumes or snapshots (lab %i)', async n => {
  const lab = labs[n]!;
  const { socketPath } = await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/usr/bin/perl', '-e', tries] });
  expect((await outputOf(socketPath)).trim().replaceAll('\r', '')).toBe(refused);
  expect(await lab.ok(['run', '--rm', '--privileged', '--security-opt', 'seccomp=unconfined', '-v', '/:/host', 'busybox', 'chroot', '/host', 'perl', '-e', tries])).toBe(refused);
});

test('what shares data within the lab still works', async () => {
  const { socketPath } = await labs[0]!.engine.call('exec', { lab: labs[0]!.lab!.id, host: 'h1', argv: ['/bin/sh', '-c', 'cd /var/lib/docker && echo data > a && cp --reflink=always a b && cat b; rm a b'] });
  expect((await outputOf(socketPath)).trim()).toBe('data');
});

test('all disks are counted, and no tree is too large for it', () => {
  const dir = qgroupsDir()!;
  expect(readFileSync(join(dir, 'inconsistent'), 'utf8').trim()).toBe('0');
  expect(readFileSync(join(dir, 'drop_subtree_threshold'), 'utf8').trim()).toBe('8');
});
