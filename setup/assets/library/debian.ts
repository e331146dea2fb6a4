// The image debian: a minimal Debian 12, and the tree of it that the nginx image is built upon.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnv, run } from '../command.ts';
import { debianMirror, needKeyring, sourceLines } from '../debian.ts';
import { bootstrapPercent } from './debootstrap.ts';
import { SOURCE_DATE_EPOCH } from './epoch.ts';
import { packLayer } from './layer.ts';
import type { BuiltImage } from './layout.ts';

export const IMAGE_SUITE = 'bookworm';
const NOT_NEEDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*', '/usr/share/doc-base/*'];

export type DebianBase = { image: BuiltImage; root: string };

export async function buildDebian(work: string, report: (percent: number, words: string) => void): Promise<DebianBase> {
  await needKeyring();
  const root = join(work, 'debian');
  await mkdir(root, { recursive: true });
  const hook = (command: string) => `--customize-hook=${command}`;
  await run(['mmdebstrap', '--mode=root', '--variant=minbase', '--format=directory', '--aptopt=Apt::Install-Recommends "false"',
    ...NOT_NEEDED.map(path => `--dpkgopt=path-exclude=${path}`), '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    // What differs from one build to the next, or belongs to this machine.
    hook('rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/etc/.pwd.lock "$1"/var/lib/dpkg/*-old "$1"/etc/*- "$1"/etc/machine-id "$1"/var/lib/systemd "$1"/etc/hostname "$1"/etc/resolv.conf'),
    hook('mkdir -p "$1/var/cache/apt/archives/partial" "$1/var/log/apt"'),
    hook('printf "127.0.0.1\\tlocalhost\\n" >"$1/etc/hosts"'),
    IMAGE_SUITE, root, ...sourceLines(await debianMirror(), IMAGE_SUITE),
  ], { env: plainEnv({ TMPDIR: work, SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH) }), onLine: line => bootstrapPercent(line, report) });

  const version = (await readFile(join(root, 'etc/debian_version'), 'utf8')).trim();
  const [major] = version.split('.');
  report(94, 'packing debian');
  return {
    root,
    image: {
      // latest: the newest Debian that this library has.
      tags: ['latest', IMAGE_SUITE, version, major!].map(tag => `debian:${tag}`),
      title: 'debian', version,
      layers: [await packLayer(root, join(work, 'debian-layer'))],
      history: [{ created_by: `# mmdebstrap --variant=minbase ${IMAGE_SUITE}`, comment: 'mmdebstrap' }, { created_by: 'CMD ["bash"]', comment: 'buildkit.dockerfile.v0', empty_layer: true }],
      config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['bash'] },
    },
  };
}
