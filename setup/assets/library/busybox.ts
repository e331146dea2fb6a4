// The image busybox: Debian's static busybox under the name of every applet it has.
import { chmod, copyFile, link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { fetchBusybox } from '../toolbox.ts';
import type { BaseImage } from './base.ts';
import { packLayer } from './layer.ts';

const FILES: Record<string, string> = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nbin:x:2:2:bin:/bin:/bin/false\nsys:x:3:3:sys:/dev:/bin/false\nmail:x:8:8:mail:/var/spool/mail:/bin/false\nwww-data:x:33:33:www-data:/var/www:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  'etc/group': 'root:x:0:\ndaemon:x:1:\nbin:x:2:\nsys:x:3:\nadm:x:4:\ntty:x:5:\nmail:x:8:\nwww-data:x:33:\nusers:x:100:\nnobody:x:65534:\n',
  'etc/shadow': 'root:*:::::::\nnobody:*:::::::\n',
  'etc/nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n',
};
const DIRECTORIES: [string, number][] = [['bin', 0o755], ['dev', 0o755], ['etc', 0o755], ['home', 0o755], ['root', 0o700], ['tmp', 0o1777], ['usr/bin', 0o755], ['usr/sbin', 0o755], ['var/spool/mail', 0o755], ['var/www', 0o755]];

export async function buildBusybox(work: string): Promise<BaseImage> {
  const root = join(work, 'busybox');
  const { program, version } = await fetchBusybox();
  for (const [path, mode] of DIRECTORIES) {
    await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, path), mode);
  }
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(root, path), text, { mode: path === 'etc/shadow' ? 0o640 : 0o644 });
  await copyFile(program, join(root, 'bin/busybox'));
  await run(['chown', '-R', '0:0', root]);
  await chmod(join(root, 'bin/busybox'), 0o755);
  const applets = (await run([program, '--list'])).split('\n').filter(name => name && name !== 'busybox');
  for (const applet of applets) await link(join(root, 'bin/busybox'), join(root, 'bin', applet));
  await symlink('../../bin/env', join(root, 'usr/bin/env')); // scripts begin with #!/usr/bin/env

  const [major, minor] = version.split('.');
  return {
    tags: ['latest', version, `${major}.${minor}`, `${major}`].map(tag => `busybox:${tag}`),
    title: 'busybox', version, description: 'The small tools of Unix in one program of 2 MB',
    layers: [await packLayer(root, join(work, 'busybox-layer'))],
    history: [{ created_by: `ADD busybox-${version} / # buildkit`, comment: 'buildkit.dockerfile.v0' }, { created_by: 'CMD ["sh"]', comment: 'buildkit.dockerfile.v0', empty_layer: true }],
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['sh'] },
  };
}
