// The image registry: the distribution server of Debian's docker-registry on the very debian base layer, arranged as people know the image
// (program `registry`, configuration in /etc/docker/registry/config.yml, content in the volume /var/lib/registry, port 5000).
import { chmod, cp, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { openApt, unpackDebs } from '../packages.ts';
import { IMAGE_SUITE, type DebianBase } from './debian.ts';
import { SOURCE_DATE_EPOCH } from './epoch.ts';
import { packLayer } from './layer.ts';
import type { BuiltImage } from './layout.ts';

const files = join(import.meta.dirname, 'registry-files');
const PROGRAM = 'usr/bin/registry';

export async function buildRegistry(work: string, base: DebianBase): Promise<BuiltImage> {
  const area = join(work, 'registry');
  await mkdir(join(area, 'apt'), { recursive: true });
  const apt = await openApt(join(area, 'apt'), IMAGE_SUITE, { dpkgStatus: join(base.root, 'var/lib/dpkg/status') });
  await unpackDebs(await apt.download(['docker-registry'], { alone: true }), join(area, 'package'));

  const program = join(area, 'program');
  await mkdir(join(program, 'usr/bin'), { recursive: true });
  await cp(join(area, 'package/usr/share/doc/docker-registry/copyright'), join(program, 'usr/share/doc/docker-registry/copyright'));
  await copyFile(join(area, 'package/usr/bin/docker-registry'), join(program, PROGRAM));
  await chmod(join(program, PROGRAM), 0o755);
  const version = await versionOf(join(program, PROGRAM));

  const configuration = join(area, 'configuration');
  await cp(files, configuration, { recursive: true });
  await mkdir(join(configuration, 'var/lib/registry'), { recursive: true });
  await run(['chmod', '-R', 'u=rwX,go=rX', configuration]);
  await chmod(join(configuration, 'entrypoint.sh'), 0o755);

  const layers = [];
  for (const tree of [program, configuration]) {
    await run(['chown', '-R', '0:0', tree]);
    await run(['find', tree, '-exec', 'touch', '--no-dereference', `--date=@${SOURCE_DATE_EPOCH}`, '{}', '+']);
    layers.push(await packLayer(tree, `${tree}-layer`));
  }
  const [major, minor] = version.split('.');
  const step = (created_by: string, empty_layer?: true) => ({ created_by, comment: 'buildkit.dockerfile.v0', ...(empty_layer ? { empty_layer } : {}) });
  return {
    tags: ['latest', version, `${major}.${minor}`, `${major}`].map(tag => `registry:${tag}`), // latest: the newest registry that this library has
    title: 'registry', version,
    layers: [...base.image.layers, ...layers],
    history: [
      ...base.image.history,
      step('COPY registry /usr/bin/registry # buildkit'),
      step('COPY config.yml /etc/docker/registry/config.yml # buildkit'),
      step('VOLUME [/var/lib/registry]', true),
      step('EXPOSE map[5000/tcp:{}]', true),
      step('ENTRYPOINT ["/entrypoint.sh"]', true),
      step('CMD ["/etc/docker/registry/config.yml"]', true),
    ],
    config: {
      Env: base.image.config.Env ?? [], Entrypoint: ['/entrypoint.sh'], Cmd: ['/etc/docker/registry/config.yml'],
      ExposedPorts: { '5000/tcp': {} }, Volumes: { '/var/lib/registry': {} },
    },
  };
}

/** What the program says of itself decides the tags. */
async function versionOf(program: string): Promise<string> {
  const said = await run([program, '--version']);
  const version = /\bv?(\d+\.\d+\.\d+)/.exec(said)?.[1];
  if (!version) throw new Error(`${program} does not say its version: ${said}`);
  return version;
}
