// The image nginx: Debian's nginx-light on the very debian base layer, arranged as people know the image (configuration in
// /etc/nginx/conf.d, pages in /usr/share/nginx/html, logs to the container's output, an entrypoint that runs /docker-entrypoint.d).
import { chmod, cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { debField, openApt } from '../packages.ts';
import { IMAGE_SUITE, type DebianBase } from './debian.ts';
import { SOURCE_DATE_EPOCH } from './epoch.ts';
import { packLayer } from './layer.ts';
import type { BuiltImage } from './layout.ts';

/** Files of the two layers on top of the packages, as they lie in the image. */
export const nginxFiles = join(import.meta.dirname, 'nginx-files');

export async function buildNginx(work: string, base: DebianBase): Promise<BuiltImage> {
  const area = join(work, 'nginx');
  for (const part of ['upper', 'work', 'merged', 'entrypoint', 'apt']) await mkdir(join(area, part), { recursive: true });
  const apt = await openApt(join(area, 'apt'), IMAGE_SUITE, { dpkgStatus: join(base.root, 'var/lib/dpkg/status') });
  const debs = await apt.download(['nginx-light']);
  const nginx = debs.find(deb => /\/nginx_[^/]*\.deb$/.test(deb)) ?? debs.find(deb => /\/nginx-light_/.test(deb));
  if (!nginx) throw new Error('apt gave no nginx package');
  const version = /^[\d.]+/.exec(await debField(nginx, 'Version'))![0];

  await install(area, base.root, debs);
  const packages = await packLayer(join(area, 'upper'), join(work, 'nginx-packages'));

  const layers = [packages];
  for (const part of ['entrypoint', 'site'] as const) {
    const tree = join(area, `${part}-tree`);
    await cp(join(nginxFiles, part), tree, { recursive: true });
    await run(['chmod', '-R', 'u=rwX,go=rX', tree]);
    await run(['chown', '-R', '0:0', tree]);
    for (const file of await readdir(tree)) if (file.endsWith('.sh')) await chmod(join(tree, file), 0o755);
    await run(['find', tree, '-exec', 'touch', '--no-dereference', `--date=@${SOURCE_DATE_EPOCH}`, '{}', '+']);
    layers.push(await packLayer(tree, join(work, `nginx-${part}`)));
  }
  const [major, minor] = version.split('.');
  const step = (created_by: string, empty_layer?: true) => ({ created_by, comment: 'buildkit.dockerfile.v0', ...(empty_layer ? { empty_layer } : {}) });
  return {
    tags: ['latest', version, `${major}.${minor}`, `${major}`].map(tag => `nginx:${tag}`), // latest: the newest nginx that this library has
    title: 'nginx', version,
    layers: [...base.image.layers, ...layers],
    history: [
      ...base.image.history,
      step(`ENV NGINX_VERSION=${version}`, true),
      step('RUN /bin/sh -c apt-get install -y --no-install-recommends nginx-light # buildkit'),
      step('COPY docker-entrypoint.sh / # buildkit'),
      step('COPY etc/nginx /etc/nginx # buildkit'),
      step('ENTRYPOINT ["/docker-entrypoint.sh"]', true),
      step('EXPOSE map[80/tcp:{}]', true),
      step('STOPSIGNAL SIGQUIT', true),
      step('CMD ["nginx" "-g" "daemon off;"]', true),
    ],
    config: {
      Env: [...base.image.config.Env ?? [], `NGINX_VERSION=${version}`], Entrypoint: ['/docker-entrypoint.sh'], Cmd: ['nginx', '-g', 'daemon off;'],
      ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT',
    },
  };
}

/** Installs packages over the base without changing it: what differs ends up in `upper`. No network is used, no service started. */
async function install(area: string, base: string, debs: string[]): Promise<void> {
  const script = [
    'set -e',
    'mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work,redirect_dir=off,metacopy=off,index=off" "$2/merged"',
    'shift 2; cd merged',
    'mkdir tmp/debs; cp "$@" tmp/debs/',
    'printf "#!/bin/sh\\nexit 101\\n" >usr/sbin/policy-rc.d; chmod 755 usr/sbin/policy-rc.d',
    'mount -t proc proc proc',
    // The user that the well-known image runs its workers as, with its number.
    'chroot . groupadd --system --gid 101 nginx',
    'chroot . useradd --system --gid nginx --no-create-home --home /nonexistent --comment "nginx user" --shell /bin/false --uid 101 nginx',
    'chroot . sh -c "DEBIAN_FRONTEND=noninteractive dpkg --install /tmp/debs/*.deb"',
    'umount proc',
    'rm -rf tmp/debs usr/sbin/policy-rc.d etc/nginx/sites-enabled etc/nginx/sites-available',
    'rm -rf var/log/apt var/log/*.log var/log/journal var/cache/* var/lib/dpkg/*-old etc/*- etc/.pwd.lock var/log/faillog var/log/lastlog var/log/tallylog',
    'mkdir -p docker-entrypoint.d etc/nginx/conf.d',
    'ln -sf /dev/stdout var/log/nginx/access.log; ln -sf /dev/stderr var/log/nginx/error.log',
  ].join('\n');
  await run(['unshare', '--mount', '--propagation', 'private', '--net', 'sh', '-c', script, 'sh', base, area, ...debs], { cwd: area });
}
