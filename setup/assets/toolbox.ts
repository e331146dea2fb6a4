// The programs that the engine runs inside labs: the OCI runtime, archiver, network, name and process tools. They bring their own loader and
// libraries, so that a learner's /lib, /etc/ld.so.preload or PATH never decides what they do. Seen in every host at hostToolboxDir.
import { copyFile, chmod, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { appDir, assetsDir, hostToolboxDir, toolboxDir } from '../../runtime/paths.ts';
import { run } from './command.ts';
import { bundle } from './elf.ts';
import { mountedRoots } from './mounted.ts';
import { openApt, unpackDebs } from './packages.ts';
import { currentWorkstation, SUITE } from './workstation.ts';
import type { Report } from './step.ts';

const PROGRAMS = ['/usr/bin/crun', '/usr/bin/tar', '/usr/bin/zstd', '/usr/bin/ip', '/usr/sbin/nft', '/usr/bin/ps'];
/** Of ours, static: digests of what flows through pipelines (runtime/native/toolbox). */
const OWN = ['hashpipe.c', 'sha256.c', 'sha256.h'];
const ownDir = join(appDir, 'runtime/native/toolbox');
/** What each answers when asked for its version; asked once they are built, in a root that has nothing else. */
const CHECKS: [string, ...string[]][] = [['crun', '--version'], ['tar', '--version'], ['zstd', '--version'], ['igzip', '--version'], ['hashpipe', '', ''], ['ip', '-V'], ['nft', '--version'], ['ps', '--version'], ['busybox', 'true'], ['docker-init', '--version'], ['aardvark-dns', '--version'], ['docker-proxy', '-help']];

export async function toolboxRecipe(): Promise<unknown> {
  return { version: 5, PROGRAMS, from: await currentWorkstation(), own: await Promise.all(OWN.map(name => readFile(join(ownDir, name), 'utf8'))) };
}

export async function buildToolbox(report: Report): Promise<void> {
  const workstation = await currentWorkstation();
  if (!workstation) throw new Error('the workstation has to be built before the toolbox');
  const beside = join(assetsDir, 'toolbox.new');
  await rm(beside, { recursive: true, force: true });
  report(10, 'collecting the engine\'s tools');
  const gzip = await fetchGzip();
  await bundle({ from: workstation, to: beside, seenAt: hostToolboxDir, programs: PROGRAMS, others: [await fetchNameServer(), await fetchPortProxy(), gzip.program], libraries: gzip.libraries });
  report(50, 'fetching busybox');
  const busybox = await fetchBusybox();
  await copyFile(busybox.program, join(beside, 'bin/busybox'));
  await chmod(join(beside, 'bin/busybox'), 0o555);
  await copyFile(await fetchInit(), join(beside, 'bin/docker-init'));
  await chmod(join(beside, 'bin/docker-init'), 0o555);
  await run(['gcc', '-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-D_FORTIFY_SOURCE=2', '-fstack-protector-strong', '-static', ...OWN.filter(name => name.endsWith('.c')).map(name => join(ownDir, name)), '-o', join(beside, 'bin/hashpipe')]);
  await chmod(join(beside, 'bin/hashpipe'), 0o555);
  report(90, 'trying the tools');
  await tryOut(beside);
  await run(['chown', '-R', '0:0', beside]);
  await rename(toolboxDir, join(assetsDir, `toolbox.old-${Date.now()}`)).catch(() => {}); // none yet
  await rename(beside, toolboxDir);
}

/** Labs that run keep the toolbox they have mounted; others go. At every set-up, because those labs end some time later. */
export async function removeOldToolboxes(): Promise<void> {
  const mounted = await mountedRoots();
  for (const name of await readdir(assetsDir)) {
    if (name.startsWith('toolbox.old-') && !mounted(`/${name}`)) await rm(join(assetsDir, name), { recursive: true, force: true });
  }
}

/** Static busybox from its package, kept for the image library too. */
export async function fetchBusybox(): Promise<{ program: string; version: string }> {
  const kept = join(assetsDir, 'cache/busybox-static');
  const program = join(kept, 'usr/bin/busybox');
  if (!await stat(program).then(() => true, () => false)) {
    const apt = await openApt(join(assetsDir, 'tmp/apt-busybox'), SUITE);
    try {
      await unpackDebs(await apt.download(['busybox-static'], { alone: true }), kept);
    } finally {
      await apt.release();
    }
  }
  const version = /^BusyBox v(\d+\.\d+\.\d+)/.exec(await run([program]))?.[1];
  if (!version) throw new Error(`${program} does not say its version`);
  return { program, version };
}

/** Answers names on user-defined networks (runtime/network/names.ts). */
const fetchNameServer = () => fetchKept('aardvark-dns', 'usr/lib/podman/aardvark-dns');
/** Holds a published port, as on any Docker host, and leads IPv6 to it (runtime/network/proxies.ts). */
const fetchPortProxy = () => fetchKept('docker.io', 'usr/sbin/docker-proxy');
/** `docker run --init`: static, since it runs in containers of any image. */
const fetchInit = () => fetchKept('tini', 'usr/bin/tini-static');

/** Ten to twenty times as fast as busybox's gzip, for pushes and pulls; BSD-3-Clause, 360 kB with its library. */
async function fetchGzip(): Promise<{ program: string; libraries: string[] }> {
  const program = await fetchKept('isal', 'usr/bin/igzip', ['libisal2']);
  const lib = join(assetsDir, 'cache', 'isal', 'usr/lib');
  return { program, libraries: (await readdir(lib)).map(name => join(lib, name)) };
}

/** A program of a package, kept like busybox, and with it what else it takes. */
async function fetchKept(name: string, path: string, more: string[] = []): Promise<string> {
  const kept = join(assetsDir, 'cache', name);
  const program = join(kept, path);
  if (!await stat(program).then(() => true, () => false)) {
    const apt = await openApt(join(assetsDir, `tmp/apt-${name}`), SUITE);
    try {
      await unpackDebs(await apt.download([name, ...more], { alone: true }), kept);
    } finally {
      await apt.release();
    }
  }
  return program;
}

async function tryOut(toolbox: string): Promise<void> {
  const root = join(assetsDir, 'tmp/toolbox-root');
  await mkdir(join(root, hostToolboxDir), { recursive: true });
  await mkdir(join(root, 'proc'), { recursive: true });
  try {
    for (const argv of CHECKS) {
      const script = 'mount --bind "$1" "$2$3" && mount -t proc proc "$2/proc" && root=$2 box=$3 && shift 3 && exec chroot "$root" "$box/bin/$@"';
      await run(['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', toolbox, root, hostToolboxDir, ...argv]);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
