// What was found instead of what a check wants, where that is neither container nor event: the first part of the check that does not hold, in words. Used by
// words.ts. Quotes what was read; where nothing could be read, or the container does not run, it says nothing and the containers are told.
import type { Condition } from '../../lessons/condition.ts';
import type { FoundOf } from '../../runtime/lab/readings.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { Context } from './track.ts';
import { track } from './tracker.ts';
import { sameImage } from './world.ts';

const LISTED = 6;
const MAX_LENGTH = 200;
const list = (items: readonly (string | number)[]) => `${items.slice(0, LISTED).join(', ')}${items.length > LISTED ? ', …' : ''}`;
const short = (text: string) => text.trim().slice(0, MAX_LENGTH);

export function describeFound(check: Condition, context: Context): Text | null {
  const leaf = leaves(check).find(one => isTold(one) && !track(one).holds(context));
  return leaf ? read(leaf, context) ?? recorded(leaf, context) : null;
}

function leaves(condition: Condition): Condition[] {
  if ('all' in condition) return condition.all.flatMap(leaves);
  if ('any' in condition) return condition.any.flatMap(leaves);
  if ('within' in condition) return leaves(condition.within.of);
  return 'not' in condition ? [] : [condition];
}

const TOLD = ['kernel', 'process', 'file', 'dockerfile', 'port', 'http', 'registry', 'script', 'volume', 'network', 'imageConfig', 'history', 'layers'];
const isTold = (condition: Condition) => TOLD.some(kind => kind in condition);

function read(leaf: Condition, context: Context): Text | null {
  const reading = track(leaf).wants(context)[0];
  const found = reading && context.readings.get(reading)?.found;
  if (!found) return 'port' in leaf && leaf.port.published !== undefined ? say('found.notPublished', { port: String(leaf.port.published) }) : null;
  const name = ('container' in reading && reading.container && context.world.containers.get(reading.container)?.name) || say('found.lab');
  switch (found.kind) {
    case 'file': return say(reading.kind === 'file' && reading.maxBytes > 0 ? 'found.fileText' : 'found.file', { path: pathOf(reading), mode: found.mode.toString(8).padStart(4, '0'), owner: String(found.owner), size: found.sizeBytes, type: found.link ? 'link' : found.type });
    case 'kernel': return say('found.kernel', { name, facts: kernelFacts(leaf, found) });
    case 'processes': return say('found.processes', { name, list: list(found.processes.map(process => process.command.slice(0, 40)).filter(Boolean)) });
    case 'listening': return found.ports.length > 0 ? say('found.listening', { name, list: list(found.ports.map(one => `${one.port}/${one.protocol}`)) }) : say('found.noListening', { name });
    case 'http': return say('found.http', { port: String(reading.kind === 'http' ? reading.port : 0), status: String(found.status) });
    case 'dockerfile': return found.problem !== undefined ? say('found.dockerfileProblem', { path: pathOf(reading), problem: short(found.problem) }) : say('found.dockerfile', { path: pathOf(reading), list: found.instructions.map(one => one.name).slice(0, 20).join(' ') });
    case 'registry': return say('found.otherImage');
    case 'script': return say('found.script', { code: String(found.code), output: short(found.output) });
    case 'none': switch (reading.kind) {
      case 'file': case 'dockerfile': return say('found.noFile', { path: reading.path, name });
      case 'http': return say('found.noHttp', { port: String(reading.port) });
      case 'registry': return say('found.noRegistryImage', { image: `${reading.repository}:${reading.tag}` });
      default: return null;
    }
    case 'unknown': return null;
  }
}

const pathOf = (reading: object) => ('path' in reading ? String(reading.path) : '');

/** What was asked about, as the kernel has it. */
function kernelFacts(leaf: Condition, found: FoundOf<'kernel'>): string {
  const where = 'kernel' in leaf ? leaf.kernel : {};
  const limit = (value: number | null) => value ?? 'none';
  const facts = [
    where.capabilities && `capabilities ${found.capabilities.map(capability => capability.replace(/^CAP_/, '')).join(' ') || 'none'}`,
    where.memoryBytes !== undefined && `memory ${limit(found.memoryBytes)}`, where.cpus !== undefined && `cpus ${limit(found.cpus)}`, where.pids !== undefined && `pids ${limit(found.pids)}`,
    where.user !== undefined && `uid ${found.user}`, where.noNewPrivileges !== undefined && `no_new_privs ${found.noNewPrivileges ? 1 : 0}`,
    where.seccomp && `seccomp ${found.seccomp > found.labSeccomp ? 'filter' : 'lab'}`,
    ...[...(where.own ?? []), ...(where.shares?.namespaces ?? [])].map(kind => found.namespaces[kind]),
    where.mount && `${where.mount.at} ${found.mounts.filter(mount => mount.at === where.mount!.at).map(mount => `${mount.type} ${mount.readOnly ? 'ro' : 'rw'}`)[0] ?? '–'}`,
  ];
  return facts.filter(Boolean).join(', ');
}

function recorded(leaf: Condition, { world }: Context): Text | null {
  const { details } = world;
  if (!details) return null;
  if ('volume' in leaf) return details.volumes.length > 0 ? say('found.volumes', { list: list(details.volumes.map(volume => volume.name.slice(0, 40))) }) : say('found.noVolumes');
  if ('network' in leaf) return say('found.networks', { list: list(details.networks.map(network => `${network.name} (${network.driver}${network.internal ? ', internal' : ''})`)) });
  const reference = 'imageConfig' in leaf ? leaf.imageConfig.reference : 'history' in leaf ? leaf.history.reference : 'layers' in leaf ? leaf.layers.reference : undefined;
  if (reference === undefined) return null;
  const image = details.images.find(one => (one.inspect.RepoTags as string[] | undefined)?.some(name => sameImage(name, reference)));
  if (!image) return say('found.noImage', { image: reference });
  if ('layers' in leaf) return say('found.layers', { image: reference, count: image.layers.length });
  if ('history' in leaf) return say('found.history', { image: reference, list: list(image.history.map(step => String(step.CreatedBy).slice(0, 60)).reverse()) });
  const { Cmd, Entrypoint, User, WorkingDir } = image.inspect.Config as Record<string, unknown>;
  return say('found.imageConfig', { image: reference, facts: `CMD ${JSON.stringify(Cmd)}, ENTRYPOINT ${JSON.stringify(Entrypoint)}, USER ${JSON.stringify(User)}, WORKDIR ${JSON.stringify(WorkingDir)}` });
}
