// The learner's words: fills a lesson's templates with what was really found, and describes it when the lesson has nothing special to say.
import type { Condition } from '../../lessons/condition.ts';
import type { ContainerWhere } from '../../lessons/container-where.ts';
import { matchesContainer } from './match.ts';
import type { Context, Match } from './track.ts';
import { sameImage, type ContainerFact } from './world.ts';

export function fill(template: string, match: Match): string {
  const { container, call, event } = match;
  const values: Record<string, string | number | undefined> = {
    'container.name': container?.name ?? call?.container?.name,
    'container.id': (container?.id ?? call?.container?.id)?.slice(0, 12),
    'container.image': container?.image,
    'container.state': container && stateInWords(container),
    'container.exitCode': container?.exitCode,
    'container.command': container?.command,
    'call.message': call?.message,
    'call.status': call?.status,
    'call.path': call?.path,
    'event.action': event?.Action,
    'event.exitCode': event?.Actor.Attributes.exitCode,
    count: match.count,
    value: match.value === undefined ? undefined : String(match.value),
  };
  return template.replace(/\{([^{}]+)\}/g, (_whole, name: string) => {
    const value = values[name];
    return value === undefined || value === '' ? 'unknown' : String(value);
  });
}

export function stateInWords(fact: ContainerFact): string {
  if (fact.state === 'exited') return `exited (${fact.exitCode ?? 0})`;
  return fact.state;
}

/** What there is instead of what the check wants: the named container, else those of its image, else all that exist. */
export function describe(check: Condition, context: Context): string {
  const wanted = wheres(check);
  const names = new Set(wanted.flatMap(where => (where.name === undefined ? [] : [where.name].flat())));
  const images = wanted.flatMap(where => (where.image === undefined ? [] : [where.image].flat()));
  const all = [...context.world.containers.values()].filter(fact => matchesContainer(fact, {}, context.world, 0));
  const named = all.filter(fact => names.has(fact.name));
  if (named.length > 0) return `${named.map(sentence).join('; ')}.`;
  const name = [...names][0];
  const removed = [...context.world.containers.values()].some(fact => fact.name === name && fact.state === 'removed');
  if (name !== undefined) return `There is no container named ${name}${removed ? ' any more: it was removed' : ''}${others(all)}.`;
  const ofImage = all.filter(fact => images.some(image => sameImage(image, fact.image)));
  if (ofImage.length > 0) return `${ofImage.slice(0, 3).map(sentence).join('; ')}.`;
  if (images[0] !== undefined) return `There is no container made from ${images[0]}${others(all)}.`;
  return all.length === 0 ? 'The lab has no containers.' : `${all.slice(0, 3).map(sentence).join('; ')}.`;
}

const sentence = (fact: ContainerFact) => `${fact.name} (${fact.image}) is ${stateInWords(fact)}`;
const others = (all: ContainerFact[]) => (all.length === 0 ? '' : `; there is ${all.slice(0, 3).map(fact => `${fact.name}, ${stateInWords(fact)}`).join('; ')}`);

function wheres(condition: Condition): ContainerWhere[] {
  if ('all' in condition) return condition.all.flatMap(wheres);
  if ('any' in condition) return condition.any.flatMap(wheres);
  if ('not' in condition) return [];
  if ('container' in condition) return [condition.container];
  if ('output' in condition) return [condition.output.container];
  if ('record' in condition) return [condition.record.container];
  if ('sequence' in condition) return condition.sequence.container ? [condition.sequence.container] : [];
  if ('event' in condition) return [{ name: condition.event.name, image: condition.event.image, ...condition.event.container }];
  if ('call' in condition) return [{ name: condition.call.name, ...condition.call.container }];
  return [];
}
