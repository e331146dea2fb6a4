// Go's path.Match, for filters and .dockerignore: a star stops at a slash. Patterns and names are learners', and the engine is everybody's: this takes
// the product of their lengths at most, where a regular expression of many stars may take for ever. https://pkg.go.dev/path#Match
import { SlipwayError } from '../errors.ts';

/** A place of a pattern: takes one character; or any number of them (`repeats`); or none, and the next two places may be left out (`optional`). */
interface Place { takes(c: string): boolean; repeats?: true; optional?: true }

const anything = () => true;
const notSlash = (c: string) => c !== '/';
const nothing = () => false;

/** `doubleStars`: two of them go through slashes, as in .dockerignore. */
export function globMatcher(glob: string, { doubleStars = false } = {}): (text: string) => boolean {
  const places = placesOf(glob, doubleStars);
  return text => {
    let at = reached(places, [0]);
    for (const c of text) {
      const next = [...at].filter(place => places[place]?.takes(c)).map(place => (places[place]!.repeats ? place : place + 1));
      at = reached(places, next);
      if (at.size === 0) return false;
    }
    return at.has(places.length);
  };
}

/** With those behind what may take nothing. */
function reached(places: readonly Place[], from: Iterable<number>): Set<number> {
  const found = new Set(from);
  for (const at of found) { // grows while it is gone through
    if (places[at]?.repeats || places[at]?.optional) found.add(at + 1);
    if (places[at]?.optional) found.add(at + 3);
  }
  return found;
}

function placesOf(glob: string, doubleStars: boolean): Place[] {
  const places: Place[] = [];
  for (let i = 0; i < glob.length; i++) {
    const c = glob[i]!;
    if (c === '*' && doubleStars && glob[i + 1] === '*') {
      i++;
      const slash = glob[i + 1] === '/';
      if (slash) places.push({ takes: nothing, optional: true });
      places.push({ takes: anything, repeats: true });
      if (slash) places.push({ takes: one('/') });
      if (slash) i++;
    } else if (c === '*') places.push({ takes: notSlash, repeats: true });
    else if (c === '?') places.push({ takes: notSlash });
    else if (c === '[') {
      const end = glob.indexOf(']', i + 2);
      if (end === -1) throw new SlipwayError('InvalidParameter', 'syntax error in pattern');
      places.push({ takes: classOf(glob.slice(i + 1, end)) });
      i = end;
    } else places.push({ takes: one(c === '\\' && i + 1 < glob.length ? glob[++i]! : c) });
  }
  return places;
}

const one = (wanted: string) => (c: string) => c === wanted;

/** `a-z`, `^0-9`. */
function classOf(inside: string): (c: string) => boolean {
  const not = inside.startsWith('^');
  const ranges = [...inside.slice(not ? 1 : 0).matchAll(/([\s\S])(?:-([\s\S]))?/g)].map(([, from = '', to = from]) => [from, to] as const);
  if (ranges.some(([from, to]) => from > to)) throw new SlipwayError('InvalidParameter', 'syntax error in pattern');
  return c => ranges.some(([from, to]) => from <= c && c <= to) !== not;
}
