// `docker search` over the built-in library: every repository once, in its own words. Called by api/.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Image/operation/ImageSearch
import { SlipwayError } from '../errors.ts';
import type { Library } from './library.ts';
import { familiarName } from './reference.ts';
import type { ImageFilters } from './model.ts';

export type SearchResult = { name: string; description: string; star_count: number; is_official: boolean; is_automated: boolean };

export async function search(library: Library, term: string, { limit, filters }: { limit: number; filters: ImageFilters }): Promise<SearchResult[]> {
  const results = new Map<string, SearchResult>();
  for (const reference of await library.references()) {
    const name = familiarName(reference);
    if (results.has(name)) continue;
    const labels = (await library.resolve(reference))?.annotations ?? {};
    const description = labels['org.opencontainers.image.description'] ?? [labels['org.opencontainers.image.title'] ?? name, labels['org.opencontainers.image.version']].filter(Boolean).join(' ');
    if (!`${name} ${description}`.toLowerCase().includes(term.toLowerCase())) continue;
    results.set(name, { name, description, star_count: 0, is_official: !name.includes('/'), is_automated: false });
  }
  // What was named exactly, then what begins so; among these the library's order. Nobody gives stars here.
  const rank = ({ name }: SearchResult) => (name === term.toLowerCase() ? 0 : name.startsWith(term.toLowerCase()) ? 1 : 2);
  return [...results.values()].filter(accepts(filters)).sort((a, b) => rank(a) - rank(b)).slice(0, limit);
}

function accepts(filters: ImageFilters): (result: SearchResult) => boolean {
  const official = flag(filters, 'is-official');
  const automated = flag(filters, 'is-automated');
  const stars = Math.max(0, ...(filters.get('stars') ?? []).map(value => {
    if (!/^\d+$/.test(value)) throw invalid('stars', value);
    return Number(value);
  }));
  return result => (official === undefined || result.is_official === official) && (automated === undefined || result.is_automated === automated) && result.star_count >= stars;
}

function flag(filters: ImageFilters, name: string): boolean | undefined {
  const value = filters.get(name)?.[0];
  if (value === undefined) return undefined;
  if (/^(1|true)$/i.test(value)) return true;
  if (/^(0|false)$/i.test(value)) return false;
  throw invalid(name, value);
}

const invalid = (name: string, value: string) => new SlipwayError('InvalidParameter', `invalid filter '${name}=[${value}]'`);
