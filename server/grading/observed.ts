// Conditions on what is read from outside: what has to be read for each, and what of it makes the condition hold. Used by tracker.ts. Nothing read yet is
// no answer: then neither the condition nor its opposite holds; nor where there is no such container to look at.
import type { Amount, ContainerWhere } from '../../lessons/container-where.ts';
import type { DockerfileWhere, FileWhere, HttpWhere, KernelWhere, PortWhere, ProcessWhere, RegistryWhere, ScriptWhere } from '../../lessons/observed.ts';
import type { Found, FoundOf, Reading } from '../../runtime/lab/readings.ts';
import { find, reads, silent, waits, type Context, type Match, type Tracker } from './track.ts';
import { sameImage, type ContainerFact } from './world.ts';

const FILE_BYTES = 16 << 10;

/** One reading for each container that the condition means (or for the lab), and the part of a Match that it makes. */
function observing<K extends Found['kind']>(where: ContainerWhere | undefined, kind: K, reading: (container: string | undefined) => Reading, holds: (found: FoundOf<K>, context: Context, container: ContainerFact | undefined) => Partial<Match> | null): Tracker {
  const subjects = (context: Context): (ContainerFact | undefined)[] => (where === undefined ? [undefined] : find({ state: ['running', 'paused'], ...where }, context));
  return {
    ...silent,
    readsEvidence: reads(where),
    waitsMs: waits(where),
    wants: context => subjects(context).slice(0, MAX_SUBJECTS).map(container => reading(container?.id)),
    isKnown: context => subjects(context).length > 0 && subjects(context).slice(0, MAX_SUBJECTS).every(container => (context.readings.get(reading(container?.id))?.seq ?? -1) >= context.movedSeq),
    holds(context) {
      for (const container of subjects(context)) {
        const known = context.readings.get(reading(container?.id));
        if (known?.found.kind !== kind) continue;
        const match = holds(known.found as FoundOf<K>, context, container);
        if (match) return { seq: Math.max(known.changedSeq, container?.changedSeq ?? 0), container, ...match };
      }
      return null;
    },
  };
}
/** A condition that means very many containers means none in particular. */
const MAX_SUBJECTS = 8;

export function isAmount(value: number | null, wanted: Amount | 'none' | undefined): boolean {
  if (wanted === undefined) return true;
  if (wanted === 'none' || value === null) return (wanted === 'none') === (value === null);
  return typeof wanted === 'number' ? value === wanted : value >= (wanted.atLeast ?? -Infinity) && value <= (wanted.atMost ?? Infinity);
}

const capability = (name: string) => `CAP_${name.toUpperCase().replace(/^CAP_/, '')}`;

const hasCapabilities = (found: readonly string[], wanted: KernelWhere['capabilities']) =>
  (wanted?.has ?? []).every(name => found.includes(capability(name))) && !(wanted?.lacks ?? []).some(name => found.includes(capability(name)));

export function kernelTracker(where: KernelWhere): Tracker {
  const { shares } = where;
  const other = shares && shares.with !== 'lab' ? shares.with : undefined;
  const others = (context: Context) => (other ? find({ state: ['running', 'paused'], ...other }, context).slice(0, MAX_SUBJECTS) : []);
  const own = observing(where.container, 'kernel', container => ({ kind: 'kernel', container }), (found, context, container) => {
    const mount = where.mount && found.mounts.find(one => one.at === where.mount!.at);
    const holds = hasCapabilities(found.capabilities, where.capabilities)
      && (where.own ?? []).every(name => found.namespaces[name] !== found.labNamespaces[name])
      && isAmount(found.memoryBytes, where.memoryBytes) && isAmount(found.cpus, where.cpus) && isAmount(found.pids, where.pids)
      && (where.mount === undefined || (mount !== undefined && (where.mount.type === undefined || [where.mount.type].flat().includes(mount.type)) && (where.mount.readOnly ?? mount.readOnly) === mount.readOnly))
      && (where.noNewPrivileges ?? found.noNewPrivileges) === found.noNewPrivileges
      && (where.seccomp === undefined || (where.seccomp === 'filter') === (found.seccomp > found.labSeccomp))
      && (where.user ?? found.user) === found.user
      && (shares === undefined || sharesWith(found, context, container));
    return holds ? { value: valueOf(where, found) } : null;
  });
  return {
    ...own,
    wants: context => [...own.wants(context), ...others(context).map((container): Reading => ({ kind: 'kernel', container: container.id }))],
    isKnown: context => own.isKnown(context) && others(context).every(container => (context.readings.get({ kind: 'kernel', container: container.id })?.seq ?? -1) >= context.movedSeq),
  };

  function sharesWith(found: FoundOf<'kernel'>, context: Context, container: ContainerFact | undefined): boolean {
    const same = (namespaces: Record<string, string>) => shares!.namespaces.every(name => found.namespaces[name] !== undefined && found.namespaces[name] === namespaces[name]);
    if (!other) return same(found.labNamespaces);
    return others(context).some(one => {
      const known = one.id === container?.id ? undefined : context.readings.get({ kind: 'kernel', container: one.id })?.found;
      return known?.kind === 'kernel' && same(known.namespaces);
    });
  }
}

/** What a text may quote: the first amount that was asked for. */
function valueOf(where: KernelWhere, found: FoundOf<'kernel'>): string | number | undefined {
  if (where.memoryBytes !== undefined) return found.memoryBytes ?? 'none';
  if (where.cpus !== undefined) return found.cpus ?? 'none';
  if (where.pids !== undefined) return found.pids ?? 'none';
  if (where.user !== undefined) return found.user;
  return where.capabilities?.has[0] ?? where.mount?.at;
}

export function processTracker({ container, command, program, user, parent, first, own, capabilities, atLeast }: ProcessWhere): Tracker {
  return observing(container, 'processes', id => ({ kind: 'processes', container: id }), ({ processes }) => {
    const fitting = processes.filter(process => (command === undefined || process.command.includes(command))
      && (program === undefined || [program].flat().includes(process.program))
      && (user ?? process.user) === process.user
      && (first ?? process.first) === process.first
      && (own ?? []).every(name => process.own.includes(name)) && hasCapabilities(process.capabilities, capabilities)
      && (parent === undefined || processes.some(one => one.pid === process.parent && one.command.includes(parent))));
    return fitting.length >= atLeast ? { count: fitting.length, value: fitting[0]!.command } : null;
  });
}

export function fileTracker(where: FileWhere): Tracker {
  const readsText = where.contains !== undefined || where.line !== undefined;
  return observing(where.container, 'file', container => ({ kind: 'file', container, volume: where.volume, path: where.path, maxBytes: readsText ? FILE_BYTES : 0 }), found => {
    const holds = (where.type === undefined || (where.type === 'link' ? found.link : found.type === where.type))
      && (where.contains === undefined || (found.text ?? '').includes(where.contains))
      && (where.line === undefined || (found.text ?? '').split('\n').some(line => isLike(line.trim(), where.line!.trim())))
      && (where.mode === undefined || found.mode === Number.parseInt(where.mode, 8))
      && (where.owner ?? found.owner) === found.owner
      && isAmount(found.sizeBytes, where.sizeBytes);
    return holds ? { value: where.path } : null;
  });
}

/** `*` is anything. In linear time, since text and pattern come from people: each part is looked for once, after the one before. */
export function isLike(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    at = text.indexOf(part, at);
    if (at < 0) return false;
    at += part.length;
  }
  return at <= text.length - last.length;
}

export function dockerfileTracker({ path, has, lacks, stages }: DockerfileWhere): Tracker {
  return observing(undefined, 'dockerfile', () => ({ kind: 'dockerfile', path }), ({ problem, instructions }) => {
    if (problem !== undefined || instructions.some(({ name }) => lacks.includes(name))) return null;
    if (!isAmount(instructions.filter(({ name }) => name === 'FROM').length, stages)) return null;
    let at = 0;
    for (const wanted of has) {
      const next = instructions.findIndex((one, index) => index >= at && one.name === wanted.name && (wanted.contains === undefined || one.rest.includes(wanted.contains))
        && (wanted.flag === undefined || one.flags.includes(wanted.flag)) && (wanted.stage ?? one.stage) === one.stage);
      if (next < 0) return null;
      at = next + 1;
    }
    return { value: path };
  });
}

export function portTracker({ container: where, listens, published, protocol }: PortWhere): Tracker {
  if (listens !== undefined) return observing(where, 'listening', container => ({ kind: 'listening', container }), ({ ports }) => (ports.some(one => one.port === listens && one.protocol === protocol) ? { value: listens } : null));
  return {
    ...silent,
    readsEvidence: true,
    waitsMs: waits(where),
    holds(context) {
      for (const container of find({ state: ['running', 'paused'], ...where }, context)) {
        const ports = (container.record?.NetworkSettings as { Ports?: Record<string, { HostPort?: string }[] | null> } | undefined)?.Ports ?? {};
        if (Object.entries(ports).some(([inside, bound]) => inside.endsWith(`/${protocol}`) && bound?.some(one => one.HostPort === String(published)))) return { seq: container.changedSeq, container, value: published };
      }
      return null;
    },
  };
}

export function httpTracker({ port, path, status, header = {}, contains }: HttpWhere): Tracker {
  return observing(undefined, 'http', () => ({ kind: 'http', port, path }), found => ((status ?? found.status) === found.status
    && Object.entries(header).every(([name, value]) => found.headers[name.toLowerCase()]?.includes(value))
    && (contains === undefined || found.text.includes(contains)) ? { value: found.status } : null));
}

export function registryTracker({ container, port, repository, tag, image }: RegistryWhere): Tracker {
  return observing(container, 'registry', id => ({ kind: 'registry', container: id!, port, repository, tag }), (found, { world }) => {
    const wanted = image === undefined ? undefined : (world.images ?? []).find(one => one.references.some(reference => sameImage(reference, image)));
    return image === undefined || (wanted !== undefined && wanted.id === found.imageId) ? { value: `${repository}:${tag}` } : null;
  });
}

export function scriptTracker({ run, container, exitCode, contains }: ScriptWhere): Tracker {
  return observing(container, 'script', id => ({ kind: 'script', container: id, run }), ({ code, output }) => (code === exitCode && (contains === undefined || output.includes(contains)) ? { value: output.trim().slice(0, 200) } : null));
}
