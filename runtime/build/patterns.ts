// What `${A#pattern}`, `${A%pattern}` and `${A/pattern/other}` do: `*` is any text, `?` one character, a backslash takes what follows as it is. Pure.
// No pattern of a learner's becomes a regular expression, and what a search may cost is bounded: this process is all labs'.
// https://docs.docker.com/reference/dockerfile/#environment-replacement
import { SlipwayError } from '../errors.ts';

type Token = '*' | '?' | { literal: string };
export type ShellPattern = readonly Token[];

/** Steps that a search may take; one for all words of an instruction. A step is a character of the value times a token of the pattern, for each place where a match may begin. */
export interface Budget { left: number }
export const newBudget = (): Budget => ({ left: 200_000 });

export function shellPattern(text: string, escape: string): ShellPattern {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === '*') {
      if (tokens.at(-1) !== '*') tokens.push(c);
    } else if (c === '?') tokens.push(c);
    else tokens.push({ literal: c === escape && at + 1 < text.length ? text[++at]! : c });
  }
  return tokens;
}

/** Without what the pattern matches at its beginning, or at its end: as little as possible, or as much. */
export function trimmed(value: string, pattern: ShellPattern, fromEnd: boolean, longest: boolean, budget = newBudget()): string {
  const characters = [...value];
  const ends = matchEnds(fromEnd ? characters.toReversed() : characters, 0, fromEnd ? pattern.toReversed() : pattern, budget);
  const end = longest ? ends.at(-1) : ends[0];
  if (end === undefined) return value;
  return (fromEnd ? characters.slice(0, characters.length - end) : characters.slice(end)).join('');
}

/** The first match, or all, from the left, each as long as it can be. */
export function replaced(value: string, pattern: ShellPattern, other: string, all: boolean, budget = newBudget()): string {
  const characters = [...value];
  let out = '';
  let at = 0;
  while (at < characters.length) {
    const end = matchEnds(characters, at, pattern, budget).at(-1);
    if (end === undefined || end === at) {
      out += characters[at++];
      continue;
    }
    out += other;
    at = end;
    if (!all) break;
  }
  return out + characters.slice(at).join('');
}

/** Where a match that begins at `from` may end, in ascending order. Follows all ways through the pattern at once. */
function matchEnds(characters: readonly string[], from: number, pattern: ShellPattern, budget: Budget): number[] {
  const ends: number[] = [];
  let states = reach(new Set([0]), pattern);
  for (let at = from; ; at++) {
    if (states.has(pattern.length)) ends.push(at);
    budget.left -= states.size + 1;
    if (budget.left < 0) throw new SlipwayError('InvalidParameter', 'the pattern or the value is too long to be searched');
    if (at === characters.length || states.size === 0) return ends;
    const next = new Set<number>();
    for (const state of states) {
      const token = pattern[state];
      if (token === '*') next.add(state);
      else if (token !== undefined && (token === '?' || token.literal === characters[at])) next.add(state + 1);
    }
    states = reach(next, pattern);
  }
}

/** A star may also stand for nothing. */
function reach(states: Set<number>, pattern: ShellPattern): Set<number> {
  for (const state of states) if (pattern[state] === '*') states.add(state + 1);
  return states;
}
