// How Docker's API writes values in a query string: booleans, numbers, timestamps and filters, with dockerd's words for bad ones.
// Schemas for route tables; nothing here knows a route.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';

/** Absent, empty, 0, no, false and none are false; everything else is true. */
export const bool = z.string().optional().transform(v => !['', '0', 'no', 'false', 'none'].includes((v ?? '').trim().toLowerCase()));

/** Go's strconv.Atoi, whose complaint dockerd passes on. */
export const int = (whenAbsent: number) => z.string().optional().transform(v => (v ? atoi(v) : whenAbsent));
export const optionalInt = z.string().optional().transform(v => (v ? atoi(v) : null));
/** For sizes of terminals, where dockerd answers 400. */
export const dimension = z.string().optional().transform(v => atoi(v ?? '', 'InvalidParameter') & 0xffff);

/** `seconds[.fraction]` since 1970, as the CLI sends since and until, in nanoseconds; null when absent or 0. */
export const timestamp = z.string().optional().transform(v => (v && v !== '0' ? nanoseconds(v) : null));
/** The same where 0 is a time like any other: for events it is the beginning of all that is kept. */
export const moment = z.string().optional().transform(v => (v ? nanoseconds(v) : null));

function nanoseconds(v: string): bigint {
  const [seconds = '', fraction = ''] = v.split('.', 2);
  if (!/^-?\d+$/.test(seconds)) throw new SlipwayError('System', `strconv.ParseInt: parsing ${JSON.stringify(seconds)}: invalid syntax`);
  if (!/^\d*$/.test(fraction)) throw new SlipwayError('System', `strconv.ParseInt: parsing ${JSON.stringify(fraction)}: invalid syntax`);
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
}

export const text = z.string().optional().transform(v => v ?? '');

/** Filter name → wanted values. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** `{"status":["running"]}`, or the older `{"status":{"running":true}}`; throws for names that the noun does not have (null: any will do). */
export const filters = (known: readonly string[] | null, failed = '') => z.string().optional().transform((v): Filters => {
  const parsed = parseFilters(v ?? '');
  for (const name of parsed.keys()) if (known && !known.includes(name)) throw new SlipwayError('InvalidParameter', `${failed}invalid filter '${name}'`);
  return parsed;
});

const filterJson = z.record(z.string(), z.union([z.array(z.string()), z.record(z.string(), z.boolean()).transform(o => Object.keys(o))]));

function parseFilters(json: string): Map<string, string[]> {
  if (!json) return new Map();
  try {
    return new Map(Object.entries(filterJson.parse(JSON.parse(json))));
  } catch (error) {
    throw new SlipwayError('InvalidParameter', 'invalid filter', { cause: error });
  }
}

/** One boolean filter such as `dangling=true`; null when not asked. */
export function boolFilter(wanted: Filters, name: string, words = (values: readonly string[]) => `invalid filter '${name}=[${values.join(' ')}]'`): boolean | null {
  const values = wanted.get(name);
  if (!values) return null;
  const yes = values.some(v => v === '1' || v === 'true');
  const no = values.some(v => v === '0' || v === 'false');
  if (yes === no) throw new SlipwayError('InvalidParameter', words(values));
  return yes;
}

/** `key` or `key=value` for each wanted label; all must match. */
export function labelsMatch(wanted: readonly string[] | undefined, labels: Readonly<Record<string, string>> | null | undefined): boolean {
  return (wanted ?? []).every(want => {
    const at = want.indexOf('=');
    const key = at < 0 ? want : want.slice(0, at);
    if (!labels || !Object.hasOwn(labels, key)) return false;
    return at < 0 || labels[key] === want.slice(at + 1);
  });
}

function atoi(v: string, kind: 'System' | 'InvalidParameter' = 'System'): number {
  if (!/^[+-]?\d{1,15}$/.test(v)) throw new SlipwayError(kind, `strconv.Atoi: parsing ${JSON.stringify(v)}: invalid syntax`);
  return Number(v);
}
