// Whether one journal entry, or one container, is what a condition describes. Pure; used by trackers.ts and evaluate.ts.
import type { CallWhere, EventWhere, RecordWhere, SequenceStep } from '../../lessons/condition.ts';
import type { ContainerWhere } from '../../lessons/container-where.ts';
import type { ApiCall, EngineEvent, JournalEntry } from '../../runtime/lab/control.ts';
import { actionOf, sameImage, type ContainerFact, type World } from './world.ts';

const oneOf = <T>(wanted: T | readonly T[] | undefined, value: T): boolean =>
  wanted === undefined || (Array.isArray(wanted) ? (wanted as readonly T[]).includes(value) : wanted === value);
const list = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);
const isCode = (wanted: number | 'nonzero' | undefined, code: number | undefined): boolean =>
  wanted === undefined || (code !== undefined && (wanted === 'nonzero' ? code !== 0 : code === wanted));

/** `anyState`: also a removed one when the condition does not name a state. */
export function matchesContainer(fact: ContainerFact, where: ContainerWhere, world: World, openedSeq: number, anyState = false): boolean {
  if (where.state === undefined ? !anyState && fact.state === 'removed' : !oneOf(where.state, fact.state)) return false;
  return oneOf(where.name, fact.name)
    && (where.image === undefined || list(where.image).some(image => isImage(fact.image, image, world)))
    && (where.exitCode === undefined || (fact.state !== 'running' && isCode(where.exitCode, fact.exitCode)))
    && (where.named ?? fact.named) === fact.named
    && (where.detached ?? fact.detached) === fact.detached
    && (where.tty === undefined || where.tty === (fact.tty ?? false))
    && (where.interactive === undefined || where.interactive === (fact.interactive ?? false))
    && (where.autoRemove === undefined || where.autoRemove === (fact.autoRemove ?? false))
    && (where.command === undefined || (fact.command ?? '').includes(where.command))
    && (where.starts === undefined || Math.max(fact.starts, fact.hasRun ? 1 : 0) >= where.starts)
    && (where.upSeconds === undefined || (fact.state === 'running' && Date.now() - (fact.startedAtMs ?? Infinity) >= where.upSeconds * 1000))
    && Object.entries(where.labels ?? {}).every(([key, value]) => fact.labels[key] === value)
    && (where.since !== 'opened' || fact.createdSeq > openedSeq);
}

/** By reference, or by an id (or the beginning of one) that the learner typed instead. */
function isImage(typed: string, wanted: string, world: World): boolean {
  if (sameImage(typed, wanted)) return true;
  const hex = /^(?:sha256:)?([0-9a-f]{4,64})$/.exec(typed)?.[1];
  if (!hex) return false;
  return (world.images ?? []).some(image => image.id.replace(/^sha256:/, '').startsWith(hex) && image.references.some(reference => sameImage(reference, wanted)));
}

export function matchesEvent(event: EngineEvent, where: Omit<EventWhere, 'container' | 'times' | 'since'>, world: World): boolean {
  const attributes = event.Actor.Attributes;
  const name = event.Type === 'container' ? attributes.name ?? '' : event.Actor.ID;
  return event.Type === where.type
    && oneOf(where.action, actionOf(event))
    && (where.name === undefined || (event.Type === 'image' ? list(where.name).some(wanted => sameImage(wanted, name)) : oneOf(where.name, name)))
    && (where.image === undefined || list(where.image).some(image => isImage(attributes.image ?? '', image, world)))
    && (where.exitCode === undefined || (attributes.exitCode !== undefined && isCode(where.exitCode, Number(attributes.exitCode))))
    && Object.entries(where.attributes ?? {}).every(([key, value]) => attributes[key] === value);
}

export function matchesCall(call: ApiCall, where: Omit<CallWhere, 'container' | 'times' | 'since'>): boolean {
  return (where.method === undefined || list(where.method).some(method => method === call.method))
    && matchesPath(call.path, where.path)
    && (where.status === undefined || (where.status === 'ok' ? !hasFailed(call) : where.status === 'error' ? hasFailed(call) : oneOf(where.status, call.status)))
    && (where.message === undefined || (call.message ?? '').toLowerCase().includes(where.message.toLowerCase()))
    && Object.entries(where.query ?? {}).every(([key, value]) => (value === '*' ? key in call.query : call.query[key] === value))
    && oneOf(where.name, call.container?.name ?? '');
}

/** A pull can fail after its 200 has been sent; then there is only the message. */
const hasFailed = (call: ApiCall) => call.status >= 400 || Boolean(call.message);

export function matchesStep(entry: JournalEntry, step: SequenceStep, world: World): boolean {
  if ('event' in step) return entry.kind === 'event' && matchesEvent(entry.event, step.event, world);
  return entry.kind === 'call' && matchesCall(entry.call, step.call);
}

/** The container an entry is about. */
export const subjectOf = (entry: JournalEntry): string | undefined =>
  (entry.kind === 'call' ? entry.call.container?.id : entry.event.Type === 'container' ? entry.event.Actor.ID : undefined);

function matchesPath(path: string, pattern: string): boolean {
  const parts = path.split('/');
  const wanted = pattern.split('/');
  return parts.length === wanted.length && wanted.every((part, index) => part === '*' || part === parts[index]);
}

type Value = string | number | boolean;

/** What stands at a place in a record; `*` is any key or item. Lists are looked into: HostConfig.CapAdd is each of its items. */
export function valuesAt(record: unknown, [name, ...rest]: string[]): Value[] {
  if (Array.isArray(record)) return record.flatMap(item => valuesAt(item, name === '*' ? rest : [name, ...rest].filter(part => part !== undefined)));
  if (name === undefined) return ['string', 'number', 'boolean'].includes(typeof record) ? [record as Value] : [];
  if (typeof record !== 'object' || record === null) return [];
  if (name === '*') return Object.values(record).flatMap(value => valuesAt(value, rest));
  return Object.hasOwn(record, name) ? valuesAt((record as Record<string, unknown>)[name], rest) : [];
}

export function isValue(value: Value, wanted: Omit<RecordWhere, 'container' | 'at'>): boolean {
  return oneOf(wanted.is, value)
    && (wanted.contains === undefined || String(value).includes(wanted.contains))
    && (wanted.atLeast === undefined || (typeof value === 'number' && value >= wanted.atLeast))
    && (wanted.atMost === undefined || (typeof value === 'number' && value <= wanted.atMost));
}
