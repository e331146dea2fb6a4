// The `filters` of GET /images/json: from their values to a test of one image. Pure.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Image/operation/ImageList
import { SlipwayError } from '../errors.ts';
import { globMatcher } from './glob.ts';
import type { Image, ImageFilters } from './model.ts';
import { familiarName, familiarString, parseReference } from './reference.ts';

const KNOWN = new Set(['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until']);

/** The test gives the names under which the image is to be listed, or undefined when it is not. */
export function imageFilter(filters: ImageFilters, find: (text: string) => Image): (image: Image) => readonly string[] | undefined {
  for (const name of filters.keys()) if (!KNOWN.has(name)) throw new SlipwayError('InvalidParameter', `invalid filter '${name}'`);
  const values = (name: string) => filters.get(name) ?? [];
  const dangling = filters.has('dangling') ? asBoolean(values('dangling')) : undefined;
  const before = Math.min(...values('before').map(text => createdMs(find(text))), ...values('until').map(asTime));
  const since = Math.max(...values('since').map(text => createdMs(find(text))));
  const patterns = values('reference').map(glob => globMatcher(glob));

  return image => {
    const labels = image.config.config.Labels ?? {};
    if (values('before').length + values('until').length > 0 && createdMs(image) >= before) return undefined;
    if (values('since').length > 0 && createdMs(image) <= since) return undefined;
    if (!values('label').every(wanted => hasLabel(labels, wanted)) || values('label!').some(unwanted => hasLabel(labels, unwanted))) return undefined;
    const references = filters.has('reference') ? image.references.filter(name => matches(name, patterns)) : image.references;
    if (filters.has('reference') && references.length === 0) return undefined;
    if (dangling !== undefined && dangling !== (image.references.length === 0)) return undefined;
    return references;
  };
}

function matches(name: string, patterns: readonly ((text: string) => boolean)[]): boolean {
  const reference = parseReference(name);
  return patterns.some(fits => fits(familiarString(reference)) || fits(familiarName(reference)));
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const [key, ...rest] = wanted.split('=');
  if (!Object.hasOwn(labels, key!)) return false;
  return rest.length === 0 || labels[key!] === rest.join('=');
}

function asBoolean(values: readonly string[]): boolean {
  const yes = values.some(value => value === 'true' || value === '1');
  const no = values.some(value => value === 'false' || value === '0');
  if (yes === no) throw new SlipwayError('InvalidParameter', `invalid filter 'dangling=[${values.join(' ')}]'`);
  return yes;
}

const UNITS_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A Unix time, a date, or how long ago (Go's duration): milliseconds since 1970. */
function asTime(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    let ms = 0;
    for (const [, number, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) ms += Number(number) * UNITS_MS[unit!]!;
    return Date.now() - ms;
  }
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new SlipwayError('InvalidParameter', `failed to parse value as time or duration: "${text}"`);
  return ms;
}

const createdMs = (image: Image) => image.config.created ? Date.parse(image.config.created) : 0;
