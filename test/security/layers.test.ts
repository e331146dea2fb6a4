// Rule 3: what labs share cannot be written by any of them. Rule 4: nothing outside a lab follows what the lab has planted.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STORE_UID_BASE } from '../../runtime/ids.ts';
import { layersDir, poolDir, toolboxDir } from '../../runtime/paths.ts';
import { makeHost, type TestHost } from '../kernel/host.ts';

const SHARED = ['/.slipway/toolbox', '/var/lib/docker/layers', '/run/slipway', '/var/lib/docker/containers'];

describe.each(['strict', 'full'] as const)('in a lab with the %s profile', profile => {
  let host: TestHost;
  beforeAll(async () => { host = await makeHost({ profile }); });
  afterAll(() => host?.dispose());

  test.each(SHARED)('%s cannot be written', async path => {
    expect((await host.sh(`touch ${path}/planted`)).stderr).toMatch(/Read-only file system|Permission denied/);
  });

  test.each(SHARED)('%s cannot be remounted read-write', async path => {
    for (const command of [`mount -o remount,rw,bind ${path}`, `mount -o remount,rw ${path}`, `mount -o remount,bind,rw,suid,dev,exec ${path}`]) {
      expect((await host.sh(`${command} && touch ${path}/planted`)).end, command).not.toEqual({ kind: 'exited', code: 0 });
    }
  });

  test.each(SHARED)('%s cannot be bound elsewhere and made writable there', async path => {
    const script = `mkdir -p /mnt/x && mount --rbind ${path} /mnt/x && mount -o remount,bind,rw /mnt/x && touch /mnt/x/planted`;
    expect((await host.sh(script)).end).not.toEqual({ kind: 'exited', code: 0 });
    await host.sh('umount -l /mnt/x');
  });

  test('no copy of the mounts in a new mount namespace is writable either', async () => {
    for (const path of SHARED) {
      const script = `unshare --mount sh -c 'mount -o remount,bind,rw ${path}; touch ${path}/planted'`;
      expect((await host.sh(script)).end, path).not.toEqual({ kind: 'exited', code: 0 });
      const own = `unshare --user --map-root-user --mount sh -c 'mount -o remount,bind,rw ${path}; touch ${path}/planted'`;
      expect((await host.sh(own)).end, path).not.toEqual({ kind: 'exited', code: 0 });
    }
  });

  test('mount_setattr(2) and open_tree(2) do not help', async () => {
    // 428 open_tree(AT_FDCWD, path, OPEN_TREE_CLONE), 442 mount_setattr(fd, "", AT_EMPTY_PATH, {0, MOUNT_ATTR_RDONLY, 0, 0}, 32)
    const script = `perl -e 'my $p = "/var/lib/docker/layers\\0"; my $f = syscall(428, -100, $p, 1); exit 3 if $f < 0; my $a = pack("Q4", 0, 1, 0, 0); my $e = "\\0"; exit(syscall(442, $f, $e, 0x1000, $a, 32) == 0 ? 0 : 4)'`;
    expect((await host.sh(script)).end).toEqual({ kind: 'exited', code: 4 });
  });

  test('nobody can make others wait for a shared file by a lease on it, nor see which of the workstation\'s programs they run', async () => {
    const { stdout } = await host.sh(`for f in /.slipway/toolbox/bin/busybox "$(find /var/lib/docker/layers -type f -size +0 -print -quit)"; do perl -e 'open(my $f, "<", shift) or die "$!"; print fcntl($f, 1024, 1) ? "leased\n" : "refused\n"' "$f"; done; find / -xdev -path "*/bin/nano" 2>/dev/null; ls /.slipway`);
    expect(stdout).toMatch(/^(refused\n){2}\/usr\/bin\/nano\n/);
    expect(stdout).not.toMatch(/leased|workstation/);
  });

  test.each(SHARED.toReversed())('taking %s away uncovers an empty directory of the lab’s own', async path => {
    // These binds were made by the lab's own init, so it may undo them: it harms itself alone, and mounting them again brings no other flags.
    const { stdout } = await host.sh(`umount -l ${path}; ls -A ${path} | wc -l; stat -c %u ${path}`);
    expect(stdout).toBe('0\n0\n');
  });

  test('nothing was written in the end, as the machine sees it', () => {
    expect(readdirSync(layersDir).filter(name => name === 'planted')).toEqual([]);
    expect(existsSync(join(toolboxDir, 'planted'))).toBe(false);
  });
});

describe('on the machine', () => {
  test('the pool is mounted without set-uid and devices, and shut to other users but for records', () => {
    const line = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').find(l => l.split(' ')[4] === poolDir)!;
    expect(line.split(' ')[5]!.split(',')).toEqual(expect.arrayContaining(['nosuid', 'nodev']));
    for (const name of ['labs', 'uids', 'store', 'workstation']) expect(statSync(join(poolDir, name)).mode & 0o777, name).toBe(0o700);
    expect(statSync(poolDir).mode & 0o066).toBe(0);
  });

  test('files of layers belong to the store’s uids, which are nobody’s', () => {
    const uids = execFileSync('find', [layersDir, '-printf', '%U\n'], { encoding: 'utf8', maxBuffer: 1 << 28 }).trim().split('\n');
    expect(uids.length).toBeGreaterThan(100);
    expect(uids.filter(uid => Number(uid) < STORE_UID_BASE || Number(uid) >= STORE_UID_BASE + 65536)).toEqual([]);
  });

  test('no layer holds an attribute of overlayfs other than the marks that unpacking itself makes', () => {
    // Those of registries outside are looked at by their own test, since instances come and go: test/engine/upstream.test.ts.
    const layers = readdirSync(layersDir).filter(name => name !== 'up').map(name => join(layersDir, name));
    const dump = execFileSync('getfattr', ['-R', '-h', '-d', '-m', 'overlay', '--absolute-names', ...layers], { encoding: 'utf8', maxBuffer: 1 << 26 });
    expect(dump.split('\n').filter(line => line.includes('overlay.') && !/^user\.overlay\.opaque="y"$/.test(line))).toEqual([]);
  });
});

describe('paths that a lab has planted', () => {
  let host: TestHost;
  const witness = '/run/slipway-witness';
  beforeAll(async () => {
    host = await makeHost();
    mkdirSync(witness, { recursive: true });
    writeFileSync(join(witness, 'file'), 'the machine’s');
  });
  afterAll(async () => {
    await host?.dispose();
    rmSync(witness, { recursive: true, force: true });
  });

  test('lead steps nowhere but into the lab', async () => {
    await host.sh(`mkdir -p ${witness} && ln -sfn ${witness} /root/link && ln -sfn /proc/1/root${witness} /root/link2 && ln -sfn /proc/self/cwd/../../../../../../..${witness} /root/link3`);
    for (const link of ['link', 'link2', 'link3']) await host.sh('true', { before: [{ do: 'mkdir', path: `/root/${link}/dir`, mode: 0o777 }, { do: 'write', path: `/root/${link}/file`, mode: 0o666, text: 'the lab’s' }, { do: 'unlink', path: `/root/${link}/file` }] });
    expect(readFileSync(join(witness, 'file'), 'utf8')).toBe('the machine’s');
    expect(existsSync(join(witness, 'dir'))).toBe(false);
  });

  test('do not replace the toolbox: what is covered is refused, and a fake beside it is not used', async () => {
    await host.sh('mkdir -p /root/fake/bin && printf "#!/bin/sh\\necho fake\\n" > /root/fake/bin/busybox && chmod +x /root/fake/bin/busybox && cp /root/fake/bin/busybox /usr/local/bin/busybox');
    expect((await host.sh('', { argv: ['busybox', 'echo', 'real'], env: ['PATH=/usr/local/bin:/root/fake/bin'] })).stdout).toBe('real\n');
    await host.sh('mount --bind /root/fake /.slipway/toolbox');
    await expect(host.sh('', { argv: ['busybox', 'echo', 'real'] })).rejects.toThrow('the toolbox in the host is covered by another directory');
    await host.sh('true').catch(() => undefined);
  });

  test('cannot take the place of a log or of a task’s records', async () => {
    // The log’s directory in the lab is a read-only view: a link planted there would be followed by root.
    const other = await makeHost();
    try {
      expect((await other.sh(`ln -s ${witness}/file /var/lib/docker/containers/x`)).stderr).toMatch(/Read-only|Permission/);
      await other.sh('echo logged', { log: 'planted' });
      expect(readFileSync(join(witness, 'file'), 'utf8')).toBe('the machine’s');
    } finally {
      await other.dispose();
    }
  });
});
