// What the prune verbs of containers, networks and images have in common: which things a set of filters means. Called by their routes.
import { SlipwayError } from '../errors.ts';
import { labelsMatch, type Filters } from './query.ts';

/** Whether the labels are those asked for, and the thing is older than `until`. Throws for a time that is none. */
export function pruneFilter(wanted: Filters): (thing: { labels: Readonly<Record<string, string>> | null | undefined; created: string }) => boolean {
  const until = wanted.get('until');
  if (until && until.length > 1) throw new SlipwayError('InvalidParameter', 'more than one until filter specified');
  const before = until?.[0] === undefined ? null : pastTime(until[0]);
  const unwanted = wanted.get('label!') ?? [];
  return ({ labels, created }) => labelsMatch(wanted.get('label'), labels) && !unwanted.some(label => labelsMatch([label], labels)) && (before === null || Date.parse(created) < before);
}

const UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** Seconds since 1970, a date, or how long ago (`24h`, `1h30m`), in ms since 1970. */
export function pastTime(value: string): number {
  const ago = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (ago.length && ago.map(m => m[0]).join('') === value) return Date.now() - ago.reduce((sum, [, n, unit]) => sum + Number(n) * UNITS[unit as 'h'], 0);
  const time = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw new SlipwayError('InvalidParameter', `failed to parse value as time or duration: ${JSON.stringify(value)}`);
  return time;
}
