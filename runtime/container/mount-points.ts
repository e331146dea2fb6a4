// --volumes-from, -v, --mount, --tmpfs and an image's VOLUMEs as mount points. Volumes are registered here; directories are made by start.ts's steps.
import { posix } from 'node:path';
import { asSlipwayError, SlipwayError } from '../errors.ts';
import { randomId } from '../network/default-networks.ts';
import { checkVolumeName, checkVolumeOptions } from '../volume/options.ts';
import { volumeData } from '../volume/volumes.ts';
import type { ContainerConfig, HostConfig, MountRequest } from './config.ts';
import type { Host, MountPoint } from './model.ts';
import { MOST_MOUNTS } from '../record-room.ts';
import { resolve } from './resolve.ts';

export const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

const MODES = ['ro', 'rw', 'z', 'Z', 'nocopy', 'consistent', 'cached', 'delegated', ...PROPAGATIONS];

/** In Docker's order of precedence: what comes from other containers, over which the own ones go, then Mounts and Binds, then Tmpfs, then volumes of the image or of -v with a bare path. */
export function mountPoints(host: Host, config: ContainerConfig, hostConfig: HostConfig): MountPoint[] {
  const points: MountPoint[] = [];
  const asked = [hostConfig.Binds, hostConfig.Mounts, hostConfig.VolumesFrom, Object.keys(hostConfig.Tmpfs ?? {}), Object.keys(config.Volumes ?? {})].reduce((all, of) => all + (of?.length ?? 0), 0);
  const inherited = asked > MOST_MOUNTS ? [] : (hostConfig.VolumesFrom ?? []).flatMap(spec => volumesFrom(host, spec));
  if (asked + inherited.length > MOST_MOUNTS) throw new SlipwayError('InvalidParameter', `a container has at most ${MOST_MOUNTS} mounts and volumes here`);
  const add = (point: MountPoint) => {
    if (points.some(p => p.destination === point.destination)) throw new SlipwayError('InvalidParameter', `Duplicate mount point: ${point.destination}`);
    points.push(point);
  };
  for (const bind of hostConfig.Binds ?? []) add(parseBind(host, bind));
  for (const mount of hostConfig.Mounts ?? []) add(parseMount(host, mount));
  for (const [path, options] of Object.entries(hostConfig.Tmpfs ?? {})) add({ ...tmpfs(clean(path), options), fromMounts: false });
  for (const point of inherited) {
    const at = points.findIndex(p => p.destination === point.destination);
    if (at < 0) points.push(point);
  }
  for (const path of Object.keys(config.Volumes ?? {})) {
    const destination = clean(path.startsWith('/') ? path : `/${path}`); // dockerd takes any text for a path here
    if (!points.some(p => p.destination === destination)) add(volume(host, '', destination, { mode: '', rw: true }));
  }
  return points;
}

/** `container[:mode]`: all its binds and volumes, those that it has from others too. */
function volumesFrom(host: Host, spec: string): MountPoint[] {
  if (spec === '') throw new SlipwayError('InvalidParameter', 'volumes-from specification cannot be an empty string');
  const [ref = '', mode = ''] = spec.split(/:(.*)/s);
  if (!/^(|ro|rw|z|Z|ro,z|ro,Z|rw,z|rw,Z)$/.test(mode)) throw new SlipwayError('InvalidParameter', `invalid mode: ${mode}`);
  let record;
  try {
    record = resolve(host, ref).record;
  } catch (error) {
    throw new SlipwayError('InvalidParameter', asSlipwayError(error).message, { cause: error }); // not NotFound: for a client that would mean the image
  }
  const readOnly = mode.split(',').includes('ro');
  return record.mounts.filter(m => m.type !== 'tmpfs').map(m => ({ ...m, rw: m.rw && !readOnly, fromMounts: false, noCopy: true }));
}

const clean = (path: string) => cleaned(path, why => new SlipwayError('InvalidParameter', why));

function cleaned(path: string, wrong: (why: string) => SlipwayError): string {
  if (!path.startsWith('/')) throw wrong(`invalid mount path: '${path}' mount path must be absolute`);
  const normal = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (normal === '/') throw wrong('invalid specification: destination can\'t be \'/\'');
  return normal;
}

/** What is wrong with one is a 500 to dockerd. */
function parseBind(host: Host, spec: string): MountPoint {
  const parts = spec.split(':');
  const [source, target, mode = ''] = parts.length === 1 ? ['', parts[0]!] : parts;
  const wrong = (why = '') => new SlipwayError('System', `invalid volume specification: '${spec}'${why && `: invalid mount config for type "${source!.startsWith('/') ? 'bind' : 'volume'}": ${why}`}`);
  if (parts.length > 3 || !target || (!source && parts.length > 1)) throw wrong();
  const words = mode.split(',').filter(Boolean);
  const unknown = words.find(w => !MODES.includes(w));
  const kinds = [['ro', 'rw'], ['z', 'Z'], ['nocopy'], PROPAGATIONS, ['consistent', 'cached', 'delegated']].map(kind => words.filter(word => kind.includes(word)).length);
  if (unknown || kinds.some(count => count > 1)) throw new SlipwayError('System', `invalid mode: ${mode}`);
  const rw = !words.includes('ro');
  if (parts.length === 2 && target.split(',').every(word => MODES.includes(word))) throw wrong(); // a path with a mode: /x:ro
  const destination = cleaned(target, wrong);
  if (source!.startsWith('/')) {
    if (words.includes('nocopy')) throw wrong('field VolumeOptions must not be specified');
    const propagation = words.find(w => PROPAGATIONS.includes(w)) ?? 'rprivate';
    return { type: 'bind', name: '', source: posix.normalize(source!).replace(/(.)\/$/, '$1'), destination, driver: '', mode, rw, propagation, anonymous: false, fromMounts: false };
  }
  if (words.some(w => PROPAGATIONS.includes(w))) throw wrong('field BindOptions must not be specified');
  return { ...volume(host, source!, destination, { mode: mode || 'z', rw }), ...(words.includes('nocopy') ? { noCopy: true } : {}) };
}

interface VolumeAsked { labels: Record<string, string>; options: Record<string, string>; driver: string }

function volume(host: Host, name: string, destination: string, options: { mode: string; rw: boolean }, asked: VolumeAsked = { labels: {}, options: {}, driver: '' }): MountPoint {
  if (asked.driver && asked.driver !== 'local') throw new SlipwayError('NotFound', `error looking up volume plugin ${asked.driver}: plugin ${JSON.stringify(asked.driver)} not found`);
  checkVolumeName(name);
  const isNew = !host.volumes.byName.has(name);
  if (isNew) checkVolumeOptions(name || randomId(), asked.options);
  const record = host.volumes.ensure(name, asked);
  if (isNew) host.events.emit('volume', 'create', record.name, { driver: 'local' });
  return { type: 'volume', name: record.name, source: volumeData(record.name), destination, driver: 'local', mode: options.mode, rw: options.rw, propagation: '', anonymous: name === '', fromMounts: false };
}

const tmpfs = (destination: string, options: string): MountPoint => ({ type: 'tmpfs', name: '', source: '', destination, driver: '', mode: options, rw: true, propagation: '', anonymous: false, fromMounts: true });

/** By dockerd's rules, in its words. */
function parseMount(host: Host, mount: MountRequest): MountPoint {
  const invalid = (why: string) => new SlipwayError('InvalidParameter', `invalid mount config for type "${mount.Type}": ${why}`);
  const { BindOptions: bind, VolumeOptions: ofVolume, TmpfsOptions: ofTmpfs } = mount;
  if (!['bind', 'volume', 'tmpfs'].includes(mount.Type)) throw invalid('mount type unknown');
  if (!mount.Target) throw invalid('field Target must not be empty');
  for (const [name, options, type] of [['BindOptions', bind, 'bind'], ['VolumeOptions', ofVolume, 'volume'], ['TmpfsOptions', ofTmpfs, 'tmpfs']] as const) {
    if (options && mount.Type !== type) throw new SlipwayError('InvalidParameter', `${name} must not be specified on mount type "${mount.Type}"`);
  }
  const destination = cleaned(mount.Target, invalid);
  switch (mount.Type) {
    case 'bind': {
      if (!mount.Source) throw invalid('field Source must not be empty');
      const propagation = bind?.Propagation || 'rprivate';
      if (!PROPAGATIONS.includes(propagation)) throw invalid(`invalid propagation mode: ${propagation}`);
      if (!mount.Source.startsWith('/')) throw invalid(`invalid mount path: '${mount.Source}' mount path must be absolute`);
      if (bind?.ReadOnlyForceRecursive && bind.ReadOnlyNonRecursive) throw new SlipwayError('InvalidParameter', 'mount options conflict: BindOptions.ReadOnlyForceRecursive && BindOptions.ReadOnlyNonRecursive');
      if ((bind?.ReadOnlyForceRecursive || bind?.ReadOnlyNonRecursive) && !mount.ReadOnly) throw new SlipwayError('InvalidParameter', `mount options conflict: !ReadOnly && BindOptions.${bind.ReadOnlyForceRecursive ? 'ReadOnlyForceRecursive' : 'ReadOnlyNonRecursive'}`);
      return {
        type: 'bind', name: '', source: posix.normalize(mount.Source), destination, driver: '', mode: '', rw: !mount.ReadOnly, propagation, anonymous: false, fromMounts: true,
        ...(bind?.NonRecursive ? { nonRecursive: true } : {}), ...(bind?.ReadOnlyNonRecursive ? { readOnlyNonRecursive: true } : {}), ...(bind?.CreateMountpoint ? { makesSource: true } : {}),
      };
    }
    case 'volume': {
      const subpath = ofVolume?.Subpath ?? '';
      if (!mount.Source && subpath) throw invalid('must not set Subpath when using anonymous volumes');
      if (!mount.Source && mount.ReadOnly) throw invalid('must not set ReadOnly mode when using anonymous volumes');
      if (subpath && (subpath.startsWith('/') || posix.normalize(subpath).split('/')[0] === '..')) throw invalid('subpath must be a relative path within the volume');
      const asked = { labels: ofVolume?.Labels ?? {}, options: ofVolume?.DriverConfig?.Options ?? {}, driver: ofVolume?.DriverConfig?.Name ?? '' };
      return { ...volume(host, mount.Source, destination, { mode: 'z', rw: !mount.ReadOnly }, asked), fromMounts: true, ...(ofVolume?.NoCopy ? { noCopy: true } : {}), ...(subpath ? { subpath: posix.normalize(subpath).replace(/\/$/, '') } : {}) };
    }
    default: {
      if (mount.Source) throw invalid('field Source must not be specified');
      return tmpfs(destination, [...(mount.ReadOnly ? ['ro'] : []), ...(ofTmpfs?.Mode ? [`mode=${ofTmpfs.Mode.toString(8)}`] : []), ...(ofTmpfs?.SizeBytes ? [`size=${ofTmpfs.SizeBytes}`] : []), ...(ofTmpfs?.Options ?? []).map(words => words.join('='))].join(','));
    }
  }
}
