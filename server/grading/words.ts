// The learner's words: fills a lesson's templates with what was really found, and describes it when the lesson has nothing special to say.
import type { Condition } from '../../lessons/condition.ts';
import { inEvery, SOURCE, type Language, type Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import type { ContainerWhere } from '../../lessons/container-where.ts';
import { describeFound } from './found.ts';
import { matchesContainer } from './match.ts';
import type { Context, Match } from './track.ts';
import { sameImage, type ContainerFact } from './world.ts';

/** In the template's language. What docker said stays as docker said it. */
export function fill(template: string, match: Match, language: Language = SOURCE): string {
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
    return value === undefined || value === '' ? say('found.unknown')[language] : String(value);
  });
}

/** Docker's own words, in every language. */
export function stateInWords(fact: ContainerFact): string {
  if (fact.state === 'exited') return `exited (${fact.exitCode ?? 0})`;
  return fact.state;
}

/** What there is instead of what the check wants: the named container, else those of its image, else all that exist. */
export function describe(check: Condition, context: Context): Text {
  const found = describeFound(check, context);
  if (found) return found;
  const wanted = wheres(check);
  const names = new Set(wanted.flatMap(where => (where.name === undefined ? [] : [where.name].flat())));
  const images = wanted.flatMap(where => (where.image === undefined ? [] : [where.image].flat()));
  const all = [...context.world.containers.values()].filter(fact => matchesContainer(fact, {}, context.world, 0));
  const named = all.filter(fact => names.has(fact.name));
  if (named.length > 0) return sentences(named);
  const name = [...names][0];
  const removed = [...context.world.containers.values()].some(fact => fact.name === name && fact.state === 'removed');
  if (name !== undefined && removed) return all.length > 0 ? say('found.removedBut', { name, others: others(all) }) : say('found.removed', { name });
  if (name !== undefined) return all.length > 0 ? say('found.noneNamedBut', { name, others: others(all) }) : say('found.noneNamed', { name });
  const ofImage = all.filter(fact => images.some(image => sameImage(image, fact.image)));
  if (ofImage.length > 0) return sentences(ofImage.slice(0, 3));
  const image = images[0];
  if (image !== undefined) return all.length > 0 ? say('found.noneOfImageBut', { image, others: others(all) }) : say('found.noneOfImage', { image });
  return all.length === 0 ? say('found.noContainers') : sentences(all.slice(0, 3));
}

const sentence = (fact: ContainerFact) => say('found.container', { name: fact.name, image: fact.image, state: stateInWords(fact) });
const sentences = (facts: ContainerFact[]) => inEvery(language => `${facts.map(fact => sentence(fact)[language]).join('; ')}.`);
const others = (all: ContainerFact[]) => all.slice(0, 3).map(fact => `${fact.name}, ${stateInWords(fact)}`).join('; ');

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
