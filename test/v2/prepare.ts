// Before the smoke test on a pure cgroup v2 kernel: the assets as that kernel will see them, in dist/v2. The runner's guest sees this machine's files but
// not as a disk that labs could lie on, so the pool travels as a small image of its own: workstation and layers, nothing else.
// Run as root by setup/test.mjs; done again only when the assets have changed.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appDir, assetsDir, layersDir, poolDir, workstationDir } from '../../runtime/paths.ts';

const IMAGE_BYTES = 4 * 2 ** 30; // sparse: it takes what is in it, compressed
const out = join(appDir, 'dist', 'v2');
const run = (program: string, ...args: string[]) => void execFileSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });

const stamps = readdirSync(join(assetsDir, 'stamps')).sort().map(name => readFileSync(join(assetsDir, 'stamps', name), 'utf8'));
const want = createHash('sha256').update(JSON.stringify(stamps)).digest('hex');
const stamp = join(out, 'stamp');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) process.exit(0);

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'mounted'), { recursive: true });
for (const name of ['library', 'toolbox', 'stamps']) run('cp', '-a', join(assetsDir, name), join(out, name));
const image = join(out, 'pool.img');
writeFileSync(image, '', { mode: 0o600 });
truncateSync(image, IMAGE_BYTES);
run('mkfs.btrfs', '--quiet', image);
run('mount', '-o', 'loop,compress-force=zstd', image, join(out, 'mounted'));
try {
  // Of workstations the one in use; older ones wait for the next boot.
  const current = join(workstationDir, 'current');
  for (const path of [current, join(workstationDir, readlinkSync(current)), layersDir]) {
    const target = join(out, 'mounted', path.slice(poolDir.length));
    run('mkdir', '-p', '-m', '0700', join(target, '..'));
    run('cp', '-a', path, target);
  }
} finally {
  run('umount', join(out, 'mounted'));
}
writeFileSync(stamp, want);
