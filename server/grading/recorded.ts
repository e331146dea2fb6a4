// Conditions on the engine's records of images, volumes and networks (evidence with details, asked for when something has happened). Used by tracker.ts.
import type { HistoryWhere, ImageConfigWhere, LayersWhere, NetworkWhere, VolumeWhere } from '../../lessons/recorded.ts';
import type { Details } from '../../runtime/lab/readings.ts';
import { isAmount } from './observed.ts';
import { find, silent, type Context, type Match, type Tracker } from './track.ts';
import { sameImage } from './world.ts';

type Image = Details['images'][number];

function recorded(holds: (details: Details, context: Context) => Omit<Match, 'seq'> | null): Tracker {
  return {
    ...silent,
    readsEvidence: true,
    readsDetails: true,
    isKnown: ({ world, eventSeq }) => world.details !== null && world.recordsSeq >= eventSeq,
    holds(context) {
      const match = context.world.details && holds(context.world.details, context);
      return match ? { seq: context.world.detailsSeq, ...match } : null;
    },
  };
}

const among = (wanted: string | readonly string[] | undefined, value: string) => wanted === undefined || [wanted].flat().includes(value);
const hasLabels = (labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> = {}) => Object.entries(wanted).every(([key, value]) => labels[key] === value);

export function volumeTracker({ name, named, labels, usedBy, atLeast }: VolumeWhere): Tracker {
  return recorded(({ volumes }, context) => {
    const users = usedBy && find(usedBy, context);
    const fitting = volumes.filter(volume => among(name, volume.name) && (named ?? !volume.anonymous) === !volume.anonymous && hasLabels(volume.labels, labels)
      && (users === undefined || users.some(user => mountsOf(user.record).some(mount => mount.Type === 'volume' && mount.Name === volume.name))));
    return fitting.length >= atLeast ? { count: fitting.length, value: fitting[0]!.name, container: users?.[0] } : null;
  });
}

const mountsOf = (record: Record<string, unknown> | undefined) => (Array.isArray(record?.Mounts) ? record.Mounts as { Type?: string; Name?: string }[] : []);

export function networkTracker({ name, driver, internal, labels, connected }: NetworkWhere): Tracker {
  return recorded(({ networks }, context) => {
    const found = networks.find(network => (name === undefined ? !network.builtin : among(name, network.name)) && (driver ?? network.driver) === network.driver
      && (internal ?? network.internal) === network.internal && hasLabels(network.labels, labels)
      && connected.every(where => find({ state: ['running', 'paused'], ...where }, context).some(container => network.containers.includes(container.id))));
    return found ? { value: found.name, count: found.containers.length } : null;
  });
}

const object = (value: unknown) => (typeof value === 'object' && value !== null ? value as Record<string, unknown> : {});
const strings = (value: unknown) => (Array.isArray(value) ? value.filter(item => typeof item === 'string') : []);
const imageOf = ({ images }: Details, reference: string): Image | undefined => images.find(image => strings(image.inspect.RepoTags).some(name => sameImage(name, reference)));
const isWords = (words: string[], wanted: string | string[] | undefined) => wanted === undefined || (Array.isArray(wanted) ? JSON.stringify(words) === JSON.stringify(wanted) : words.join(' ').includes(wanted));

export function imageConfigTracker(where: ImageConfigWhere): Tracker {
  return recorded(details => {
    const image = imageOf(details, where.reference);
    if (!image) return null;
    const config = object(image.inspect.Config);
    const environment = Object.fromEntries(strings(config.Env).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
    const holds = isWords(strings(config.Cmd), where.command) && isWords(strings(config.Entrypoint), where.entrypoint)
      && Object.entries(where.environment ?? {}).every(([key, value]) => Object.hasOwn(environment, key) && (value === '*' || environment[key] === value))
      && (where.user ?? config.User) === config.User && (where.workdir ?? config.WorkingDir) === config.WorkingDir
      && (where.exposes ?? []).every(port => Object.hasOwn(object(config.ExposedPorts), port)) && (where.volumes ?? []).every(volume => Object.hasOwn(object(config.Volumes), volume))
      && hasLabels(object(config.Labels) as Record<string, string>, where.labels)
      && (where.healthcheck === undefined || where.healthcheck === hasHealthcheck(config.Healthcheck));
    return holds ? { value: where.reference } : null;
  });
}

const hasHealthcheck = (check: unknown) => { const test = strings(object(check).Test); return test.length > 0 && test[0] !== 'NONE'; };

export function historyTracker({ reference, contains }: HistoryWhere): Tracker {
  return recorded(details => {
    const steps = (imageOf(details, reference)?.history ?? []).map(step => String(step.CreatedBy ?? '')).reverse();
    let at = 0;
    for (const part of [contains].flat()) {
      const next = steps.findIndex((step, index) => index >= at && step.includes(part));
      if (next < 0) return null;
      at = next + 1;
    }
    return steps.length > 0 ? { value: steps[at - 1], count: steps.length } : null;
  });
}

export function layersTracker({ reference, count, largestMegabytes = Infinity, sharedWith }: LayersWhere): Tracker {
  return recorded(details => {
    const image = imageOf(details, reference);
    const base = sharedWith === undefined ? undefined : imageOf(details, sharedWith);
    if (!image || (sharedWith !== undefined && !base)) return null;
    const holds = isAmount(image.layers.length, count) && image.layers.every(layer => layer.sizeBytes <= largestMegabytes * 1e6)
      && (base === undefined || base.layers.every((layer, at) => layer.diffId === image.layers[at]?.diffId));
    return holds ? { count: image.layers.length, value: reference } : null;
  });
}
