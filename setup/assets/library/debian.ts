// The images debian:bookworm and debian:trixie: minimal Debian systems, made by mmdebstrap. Their trees say to packages.ts what is installed.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainEnv, run } from '../command.ts';
import { debianMirror, needKeyring, sourceLines } from '../debian.ts';
import { bootstrapPercent, MMDEBSTRAP } from './debootstrap.ts';
import type { BaseImage } from './base.ts';
import { SOURCE_DATE_EPOCH } from './epoch.ts';
import { packLayer } from './layer.ts';
import type { Suite } from './recipes.ts';

/** The newest that this library has is debian:latest. */
const LATEST: Suite = 'trixie';
/** A dependency that can be met in two ways: by a program that wants the whole of perl, or by nothing. */
const INCLUDE: Record<Suite, string[]> = { bookworm: ['usr-is-merged'], trixie: [] };
const NOT_NEEDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/info/*', '/usr/share/locale/*', '/usr/share/lintian/*', '/usr/share/doc-base/*'];

export async function buildDebian(suite: Suite, work: string, report: (percent: number, words: string) => void): Promise<BaseImage> {
  await needKeyring();
  const area = join(work, suite);
  const root = join(area, 'root');
  await mkdir(root, { recursive: true });
  const hook = (command: string) => `--customize-hook=${command}`;
  await run([...MMDEBSTRAP, '--format=directory',
    ...INCLUDE[suite].map(name => `--include=${name}`),
    ...NOT_NEEDED.map(path => `--dpkgopt=path-exclude=${path}`), '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    // A file that is not on the disk yet when the power fails is no loss in a container.
    '--dpkgopt=force-unsafe-io',
    // A package that is installed starts no service: there is nothing that would look after it.
    hook('printf "#!/bin/sh\\nexit 101\\n" >"$1/usr/sbin/policy-rc.d" && chmod 755 "$1/usr/sbin/policy-rc.d"'),
    // What differs from one build to the next, or belongs to this machine.
    hook('rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/etc/.pwd.lock "$1"/var/lib/dpkg/*-old "$1"/etc/*- "$1"/etc/machine-id "$1"/var/lib/systemd "$1"/etc/hostname "$1"/etc/resolv.conf'),
    hook('mkdir -p "$1/var/cache/apt/archives/partial" "$1/var/log/apt"'),
    hook('printf "127.0.0.1\\tlocalhost\\n" >"$1/etc/hosts"'),
    suite, root, ...sourceLines(await debianMirror(), suite),
  ], { env: plainEnv({ TMPDIR: area, SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH) }), onLine: line => bootstrapPercent(line, report) });

  const version = (await readFile(join(root, 'etc/debian_version'), 'utf8')).trim();
  const [major] = version.split('.');
  report(94, 'packing');
  const names = [suite, version, major!, ...(suite === LATEST ? ['latest'] : [])];
  return {
    tags: [...names, `${suite}-slim`, `${major}-slim`].map(tag => `debian:${tag}`),
    title: 'debian', version, description: `Debian ${major}, "${suite}", as small as it gets`,
    layers: [await packLayer(root, join(area, 'layer'))],
    history: [{ created_by: `# mmdebstrap --variant=minbase ${suite}`, comment: 'mmdebstrap' }, { created_by: 'CMD ["bash"]', comment: 'buildkit.dockerfile.v0', empty_layer: true }],
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['bash'] },
  };
}
